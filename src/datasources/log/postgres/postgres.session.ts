import pg from 'pg';

/** Time limits of a session, in ms; 0 for no limit. */
export interface SessionLimits {
  /** For waiting for another commit. */
  readonly lockMs: number;
  /** For being idle in a transaction, as a frozen process is: less than others wait for it. */
  readonly idleInTransactionMs: number;
  /** For a statement, by the server's clock. */
  readonly statementMs: number;
}

/** How to set up a session. */
export interface SessionOptions {
  readonly limits: SessionLimits;
  /** The schema with the log's tables; null for the database's default. */
  readonly schema: string | null;
}

/** For migrations, which take long and wait for each other, and for the listener, which does nothing else. */
export const unlimited: SessionLimits = { lockMs: 0, idleInTransactionMs: 0, statementMs: 0 };

/**
 * The settings that the gateway relies on, whatever the server, the database or the role has set.
 *
 * Not in the startup packet, because PgBouncer refuses unknown settings there. Settings that only newer servers have
 * are left out on older ones.
 */
function toSettings({ limits, schema }: SessionOptions): Readonly<Record<string, string>> {
  return {
    // A commit waits for the previous one, and then sees its changes.
    default_transaction_isolation: 'read committed',
    default_transaction_deferrable: 'off',
    statement_timeout: String(limits.statementMs),
    lock_timeout: String(limits.lockMs),
    idle_in_transaction_session_timeout: String(limits.idleInTransactionMs),
    // Pooled connections and the listener are idle most of the time.
    idle_session_timeout: '0',
    transaction_timeout: '0',
    client_encoding: 'UTF8',
    standard_conforming_strings: 'on',
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    IntervalStyle: 'postgres',
    bytea_output: 'hex',
    extra_float_digits: '1',
    ...(schema !== null && { search_path: pg.escapeIdentifier(schema) }),
  };
}

/** How long setting up a session may take, by our clock, because a pooler may have none to give. In ms. */
const SET_UP_TIMEOUT_MS = 5_000;

/** How often to try again if a time limit of the database or the role interrupted it. */
const MAX_TRIES = 5;

/** A statement exceeded its time limit. */
const QUERY_CANCELED = '57014';

/**
 * Set up a session as the gateway requires, in one round trip.
 *
 * A commit must be on disk when it returns. If the server would not wait for that, it is told to; if it also waits
 * for standbys, it still does.
 *
 * The first statement takes almost no time. After it the second one may take as long as it needs, even if the
 * database or the role limits statements to a millisecond.
 */
export async function setUpSession(
  client: Pick<pg.ClientBase, 'query'>,
  options: SessionOptions,
): Promise<void> {
  const wanted = pg.escapeLiteral(JSON.stringify(toSettings(options)));
  const text = `set statement_timeout = 0;
    select set_config(name, value, false)
    from (
      select * from jsonb_each_text(${wanted}) union all
      select 'synchronous_commit', 'on' where current_setting('synchronous_commit') = 'off'
    ) as wanted (name, value) where current_setting(name, true) is not null`;
  const query = { text, query_timeout: SET_UP_TIMEOUT_MS };
  for (let tries = 1; ; tries += 1) {
    try {
      await client.query(query);
      return;
    } catch (error) {
      const isCanceled = error instanceof pg.DatabaseError && error.code === QUERY_CANCELED;
      if (!isCanceled || tries === MAX_TRIES) throw error;
    }
  }
}
