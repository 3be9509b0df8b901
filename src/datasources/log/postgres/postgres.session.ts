import pg from 'pg';

/** How long what may take long may take in a session, in ms; 0 for as long as it takes. */
export interface SessionLimits {
  /** To wait for another’s commit. */
  readonly lockMs: number;
  /** To be idle inside a transaction, as a process that is frozen is: less than others wait for it. */
  readonly idleInTransactionMs: number;
  /** Of a statement, by the server’s clock. */
  readonly statementMs: number;
}

/** How a session is to be. */
export interface SessionOptions {
  readonly limits: SessionLimits;
  /** The schema that has the log’s tables; null for the one that the database leads to. */
  readonly schema: string | null;
}

/** For migrations, which take their time and wait for each other; and for who listens, and does nothing else. */
export const unlimited: SessionLimits = { lockMs: 0, idleInTransactionMs: 0, statementMs: 0 };

/**
 * What the gateway relies on, whatever the server, the database or the role is set to.
 *
 * Not in the startup packet: PgBouncer refuses what it does not know there. Settings that only newer servers have
 * are left out of others.
 */
function toSettings({ limits, schema }: SessionOptions): Readonly<Record<string, string>> {
  return {
    // One commit waits for the one before it, and then sees what that one left.
    default_transaction_isolation: 'read committed',
    default_transaction_deferrable: 'off',
    statement_timeout: String(limits.statementMs),
    lock_timeout: String(limits.lockMs),
    idle_in_transaction_session_timeout: String(limits.idleInTransactionMs),
    // Connections of a pool, and the one that listens, are idle most of the time.
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

/** How long setting up a session may take, by our clock: a pooler may have none to give. In ms. */
const SET_UP_TIMEOUT_MS = 5_000;

/** So often is it tried where the time ran out that the database or the role is set to let a statement have. */
const MAX_TRIES = 5;

/** The time that a statement may take ran out. */
const QUERY_CANCELED = '57014';

/**
 * Make a session what the gateway relies on, in one round trip.
 *
 * A commit must be on the disk when it returns: where the server would not wait for it, it is told to; where it
 * waits for standbys as well, that is left as it is.
 *
 * The first statement takes next to no time, and the second as long as it needs then, even where the database or
 * the role lets a statement have a millisecond.
 */
export async function setUpSession(
  client: Pick<pg.ClientBase, 'query'>,
  options: SessionOptions,
): Promise<void> {
  const wanted = pg.escapeLiteral(JSON.stringify(toSettings(options)));
  const text = `set statement_timeout = 0;
    select set_config(name, wanted.value, false)
    from (
      select * from jsonb_each_text(${wanted}) union all
      select 'synchronous_commit', 'on' where current_setting('synchronous_commit') = 'off'
    ) as wanted (name, value) join pg_catalog.pg_settings using (name)`;
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
