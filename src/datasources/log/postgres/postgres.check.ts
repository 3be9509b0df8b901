import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { LogUnusableError } from '../log-database.js';
import { PostgresError } from './postgres.dialect.js';
import { setUpSession, unlimited } from './postgres.session.js';

/** How long making a connection may take, in ms. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** How long closing a connection may take, in ms. */
const END_TIMEOUT_MS = 1_000;

/** The first version whose `pg_xact_status` reports the outcome of a transaction by its full id. */
const MIN_VERSION = 13;

/** Another user of the pooler may get the session that this looks for. */
const MAX_LOOKS_FOR_SESSION = 3;

/** What a server reports about itself, and about its settings for this database and role. */
interface Standing {
  readonly version: number;
  readonly encoding: string;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
  readonly replicationRole: string;
  readonly searchPath: string;
  /** The schema in which tables are created. */
  readonly schema: string | null;
  /** The schema that already has the log's tables. */
  readonly logSchema: string | null;
  /** The number of connections that the server has for users who are not superusers. */
  readonly serverConnections: number;
  /** How many of them the role and the database may use; null for no limit. */
  readonly roleConnections: number | null;
  readonly databaseConnections: number | null;
}

/** How many connections a database allows, and what sets that limit. */
export interface ConnectionLimit {
  readonly count: number;
  /** Such as `max_connections`. */
  readonly setBy: string;
}

/** What was found out about a database that can hold the log. */
export interface CheckedPostgres {
  /** The schema that has the log's tables, or will have them. */
  readonly schema: string;
  readonly limit: ConnectionLimit;
}

/**
 * Make sure that a database can hold the log, before doing anything to it.
 *
 * @param name - of the database, as shown to people
 * @throws {LogUnusableError} it can't; the message says what to do
 * @throws {PostgresError} it can't be reached
 */
export async function checkPostgres(url: string, name: string): Promise<CheckedPostgres> {
  await using connections = new AsyncDisposableStack();
  const connect = () => openSession(url, connections);
  try {
    const client = await connect();
    const pid = await readPid(client);
    // There is a pooler in between, which has assigned its own number.
    if ((client as unknown as { processID: number | null }).processID !== pid) {
      const isKept = await isSessionKept(client, await connect(), pid);
      if (!isKept) throw unusable(name, sessionsAreShared);
    }
    const standing = await readStanding(client);
    const trouble = toTrouble(standing);
    if (trouble !== null) throw unusable(name, trouble);
    return {
      schema: standing.logSchema ?? standing.schema ?? 'public',
      limit: toLimit(standing),
    };
  } catch (error) {
    throw error instanceof LogUnusableError ? error : new PostgresError(error as Error);
  }
}

/** @param connections - closes the session, however far it came */
async function openSession(url: string, connections: AsyncDisposableStack): Promise<pg.Client> {
  const socket = new Socket();
  const client = new pg.Client({
    connectionString: url,
    stream: () => socket,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
    application_name: 'sluice',
  });
  client.on('error', () => {});
  // A server that does not respond does not notice either that nobody needs the connection any more.
  connections.defer(async () => {
    await Promise.race([
      client.end().catch(() => {}),
      setTimeout(END_TIMEOUT_MS, null, { ref: false }),
    ]);
    socket.destroy();
  });
  await client.connect();
  // Set up like those that are used later: some poolers keep a session together only once something is set in it.
  await setUpSession(client, { limits: unlimited, schema: null });
  return client;
}

/** Whether a client keeps its session while another one has a transaction. */
async function isSessionKept(client: pg.Client, other: pg.Client, pid: number): Promise<boolean> {
  for (let looks = 0; looks < MAX_LOOKS_FOR_SESSION; looks += 1) {
    await other.query('begin');
    await readPid(other);
    const isSame = (await readPid(client)) === pid;
    await other.query('rollback');
    if (!isSame) return false;
  }
  return true;
}

async function readPid(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

async function readStanding(client: pg.Client): Promise<Standing> {
  const { rows } = await client.query<Standing>(`
    select current_setting('server_version_num')::int / 10000 as version,
      current_setting('server_encoding') as encoding,
      pg_is_in_recovery() as "isStandby",
      current_setting('default_transaction_read_only') = 'on' as "isReadOnly",
      current_setting('session_replication_role') as "replicationRole",
      current_setting('search_path') as "searchPath",
      nullif(current_schema()::text, 'pg_catalog') as schema,
      (select nspname::text from pg_catalog.pg_class
        join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
        where pg_class.oid = to_regclass('log_meta')) as "logSchema",
      current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) as "serverConnections",
      (select rolconnlimit from pg_catalog.pg_roles
        where rolname = session_user and rolconnlimit >= 0 and not rolsuper) as "roleConnections",
      (select datconnlimit from pg_catalog.pg_database join pg_catalog.pg_roles
        on rolname = session_user and not rolsuper
        where datname = current_database() and datconnlimit >= 0) as "databaseConnections"`);
  return rows[0] as Standing;
}

/** The lowest limit. */
function toLimit(standing: Standing): ConnectionLimit {
  const { serverConnections, databaseConnections, roleConnections } = standing;
  const limits: readonly { count: number | null; setBy: string }[] = [
    { count: roleConnections, setBy: 'the connection limit of the user' },
    { count: databaseConnections, setBy: 'the connection limit of the database' },
    { count: serverConnections, setBy: 'max_connections' },
  ];
  return limits
    .map(({ count, setBy }) => ({ count: count ?? Number.POSITIVE_INFINITY, setBy }))
    .reduce((least, limit) => (limit.count < least.count ? limit : least));
}

/** The end of a sentence about the database: what is wrong, and what to do; null if nothing is wrong. */
function toTrouble(standing: Standing): string | null {
  const { version, encoding, isStandby, isReadOnly, replicationRole } = standing;
  if (version < MIN_VERSION) {
    return `is on PostgreSQL ${version}. Use PostgreSQL ${MIN_VERSION} or newer.`;
  }
  if (encoding !== 'UTF8') {
    return `has the encoding ${encoding}, which cannot hold every text. Create a database with "create database … encoding 'UTF8' template template0", and set DATABASE_URL to that one.`;
  }
  if (isStandby) return 'is a read-only standby. Set DATABASE_URL to the primary server.';
  if (isReadOnly) {
    return 'is read-only: default_transaction_read_only is on. Find out why; then turn it off for the database and the user.';
  }
  if (replicationRole !== 'origin') {
    return `has session_replication_role = ${replicationRole}, which disables the checks of what is written. Reset it for the database and the user.`;
  }
  if (standing.schema === null && standing.logSchema === null) {
    return `has no schema to put tables into: its search_path is ${standing.searchPath || 'empty'}. Set one for the user, such as "alter role … set search_path = public".`;
  }
  return null;
}

const sessionsAreShared =
  'is behind a pooler that gives each transaction another session. Set pool_mode = session there (PgBouncer), or set DATABASE_URL to the server itself.';

function unusable(name: string, trouble: string): LogUnusableError {
  return new LogUnusableError(`${name} ${trouble}`);
}
