import { sql, type Transaction } from 'kysely';
import pgConnectionString from 'pg-connection-string';
import {
  GatewayError,
  LogDamagedError,
  LogUnavailableError,
  ShuttingDownError,
} from '../../../ingestion/gateway-error.js';
import { countCommit } from '../ingestion-log.meta.js';
import type { LogTables } from '../ingestion-log.schema.js';
import { createLogKysely, type LogDatabase, type WriteResult } from '../log-database.js';
import { CONNECT_TIMEOUT_MS, type ConnectionLimit } from './postgres.check.js';
import { isCommitted } from './postgres.commit.js';
import { createPostgresDialect, PostgresError } from './postgres.dialect.js';
import { startPostgresListener } from './postgres.listener.js';
import { preparePostgres } from './postgres.open.js';
import type { SessionLimits } from './postgres.session.js';

/** Which database, and how to use it. */
export interface PostgresLogOptions {
  readonly url: string;
  /** How many connections statements may use at a time. */
  readonly maxConnections: number;
  /** The database does not contain what was written to it: the process must end. */
  readonly onFatal: (error: Error) => void;
  /** Called when the connection for other processes' notifications is established, and when it is lost. */
  readonly onListening?: ((isListening: boolean) => void) | undefined;
  /** Called with a problem that does not keep the database from being used. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** Besides those for statements: one that listens. */
const LISTENING_CONNECTIONS = 1;

/** Time limits, in ms. */
export interface PostgresTimeouts extends SessionLimits {
  /** For a statement, by our clock, if the server does not respond. */
  readonly answerMs: number;
}

const defaultTimeouts: PostgresTimeouts = {
  lockMs: 5_000,
  idleInTransactionMs: 3_000,
  statementMs: 10_000,
  answerMs: 15_000,
};

/** How often to look at the log without a notification, in ms. */
const TAIL_INTERVAL_MS = 1_000;

/** The server's error if nobody has read notifications for long. */
const QUEUE_FULL = '54000';

/** The channel on which commits announce the log's new end. */
const GROWN_CHANNEL = 'sluice_log';

/**
 * The log in a PostgreSQL database, which other processes may have open as well.
 *
 * @throws {LogUnusableError} the database cannot be used; the message says what to do
 */
export async function openPostgresLog(
  { url, maxConnections, onFatal, onListening, onWarning }: PostgresLogOptions,
  timeouts = defaultTimeouts,
): Promise<LogDatabase> {
  const name = toDatabaseName(url);
  const { cursorKey, schema, limit } = await preparePostgres(url, name);
  const neededConnections = maxConnections + LISTENING_CONNECTIONS;
  if (limit.count < neededConnections) onWarning?.(toWarning(name, limit, neededConnections));
  const db = createLogKysely(
    createPostgresDialect({
      pool: {
        connectionString: url,
        max: maxConnections,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        query_timeout: timeouts.answerMs,
        keepAlive: true,
        application_name: 'sluice',
      },
      session: { limits: timeouts, schema },
    }),
  );

  /** Reported once, although several callers may find it at the same time. */
  let isDamaged = false;
  let isClosed = false;

  async function guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (isClosed) throw new ShuttingDownError();
      if (
        error instanceof PostgresError &&
        (error.kind === 'lost' || error.kind === 'unavailable')
      ) {
        throw new LogUnavailableError(
          'The log’s database is not available now. Nothing was written; try again later.',
          { cause: error },
        );
      }
      const isDamage = error instanceof PostgresError && error.kind === 'damaged';
      if (error instanceof LogDamagedError || isDamage) {
        if (!isDamaged) onFatal(error as Error);
        isDamaged = true;
        throw error instanceof GatewayError ? error : new LogDamagedError(error);
      }
      throw error;
    }
  }

  async function commit<T>(
    write: (transaction: Transaction<LogTables>) => Promise<WriteResult<T>>,
    isAnnounced: boolean,
  ): Promise<T> {
    let done: { readonly transactionId: string; readonly written: WriteResult<T> } | null = null;
    try {
      done = await db.transaction().execute(async (transaction) => {
        const transactionId = await lockLog(transaction);
        const written = await write(transaction);
        if (written.hasChanged) await countCommit(transaction);
        if (written.head !== undefined && isAnnounced) {
          await sql`select pg_notify(${GROWN_CHANNEL}, ${String(written.head)})`.execute(
            transaction,
          );
        }
        // Only the commit is left. If something fails from here on, the commit may still have succeeded.
        done = { transactionId, written };
        return done;
      });
    } catch (error) {
      if (!done || !(error instanceof PostgresError) || error.kind !== 'lost') throw error;
      if (!(await isCommitted(db, done.transactionId))) throw error;
    }
    return done.written.value;
  }

  const closing = new AsyncDisposableStack();
  closing.defer(() => db.destroy());

  return {
    kind: 'postgres',
    name,
    howToReplace: 'Set DATABASE_URL to another database.',
    db,
    cursorKey,
    guard,
    commit: (write) =>
      guard(async () => {
        try {
          return await commit(write, true);
        } catch (error) {
          if (!(error instanceof PostgresError) || error.sqlState !== QUEUE_FULL) throw error;
          // Other processes find it without a notification, a moment later.
          return commit(write, false);
        }
      }),
    onGrown(tell) {
      const listener = startPostgresListener({
        url,
        channel: GROWN_CHANNEL,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        hear: (head) => tell(head === null ? null : Number(head)),
        onListening,
      });
      closing.defer(() => listener.stop());
      const tail = setInterval(() => tell(null), TAIL_INTERVAL_MS);
      closing.defer(() => clearInterval(tail));
    },
    close() {
      isClosed = true;
      return closing.disposeAsync();
    },
  };
}

/**
 * Wait until all other commits of the log are done, and let none begin before this one is.
 *
 * It must be a separate statement: the following ones see what the previous commit left, while this one's snapshot,
 * taken before the wait, may not.
 *
 * @returns PostgreSQL's id of this transaction
 */
async function lockLog(transaction: Transaction<LogTables>): Promise<string> {
  const { id } = await transaction
    .selectFrom('log_meta')
    .select(sql<string>`pg_current_xact_id()::text`.as('id'))
    .where('name', '=', 'commit_count')
    .forUpdate()
    .executeTakeFirstOrThrow();
  return id;
}

function toWarning(name: string, { count, setBy }: ConnectionLimit, wanted: number): string {
  return `${name} gives at most ${count} connections (${setBy}), and each process may use ${wanted} (DATABASE_POOL_MAX, and ${LISTENING_CONNECTIONS} more). With fewer, statements wait for each other. Raise the limit, or lower DATABASE_POOL_MAX.`;
}

/** The database's name without credentials. */
function toDatabaseName(url: string): string {
  const { host, port, database } = pgConnectionString.parse(url);
  return `The database ${database ?? ''} at ${host ?? 'localhost'}:${port || '5432'}`;
}
