import { rm } from 'node:fs/promises';
import { sql } from 'kysely';
import type { DatabaseConfig } from '../../src/config.js';
import type { LogDatabase } from '../../src/datasources/log/log-database.js';
import { openPostgresLog } from '../../src/datasources/log/postgres/postgres.log.js';
import { openSqliteLog } from '../../src/datasources/log/sqlite/sqlite.log.js';
import { createTestDatabase, execute, type TestDatabase } from './postgres.js';

/** Set by `jest.config.js`: tests that use a log run on each kind of database. */
declare global {
  var logDatabaseKind: 'sqlite' | 'postgres' | undefined;
}

/** Few, because many tests have one. */
const MAX_CONNECTIONS = 4;

const databases = new Map<string, Promise<TestDatabase>>();

/** Emptied databases for reuse, which takes a fifth of the time of a new one. */
const spare: TestDatabase[] = [];

/** Row by row: truncating creates every file of a table again, and tests write few rows. */
const EMPTY = `
  select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid();
  drop function if exists disk_is_full cascade;
  do $$ declare name text; begin
    for name in
      select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely_%'
    loop
      execute 'delete from ' || name;
    end loop;
    for name in select sequencename from pg_sequences where schemaname = 'public' loop
      execute 'alter sequence ' || name || ' restart';
    end loop;
  end $$`;

/**
 * The database that goes by the name of a directory: the directory itself for a SQLite file, or a PostgreSQL
 * database, made when it is first asked for.
 */
export async function databaseOf(dataDir: string): Promise<DatabaseConfig> {
  if (globalThis.logDatabaseKind !== 'postgres') return { kind: 'sqlite', dataDir };
  const database = databases.get(dataDir) ?? Promise.resolve(spare.pop() ?? createTestDatabase());
  databases.set(dataDir, database);
  return { kind: 'postgres', url: (await database).url, maxConnections: MAX_CONNECTIONS };
}

/** The environment with which a process uses it. */
export async function databaseEnv(dataDir: string): Promise<Record<string, string>> {
  const database = await databaseOf(dataDir);
  return database.kind === 'sqlite' ? {} : { DATABASE_URL: database.url };
}

/** Delete everything in it, and the directory. */
export async function deleteDatabase(dataDir: string): Promise<void> {
  const database = await databases.get(dataDir);
  databases.delete(dataDir);
  if (database) {
    await execute(database.url, EMPTY);
    spare.push(database);
  }
  await rm(dataDir, { recursive: true, force: true });
}

/**
 * Have the answers to all starts be due now, and not only when their time has passed; where nobody else can have the
 * log open, they are due anyway once it is opened.
 */
export async function makeAnswersDue(dataDir: string): Promise<void> {
  const database = await databases.get(dataDir);
  if (database) await execute(database.url, `update starts set due_at = 0 where state = 'sent'`);
}

/** Open the log in the database of a directory, as a gateway does. */
export async function openTestLog(
  dataDir: string,
  onFatal: (error: Error) => void = throwIt,
): Promise<LogDatabase> {
  const database = await databaseOf(dataDir);
  return database.kind === 'sqlite'
    ? openSqliteLog({ ...database, onFatal })
    : openPostgresLog({ ...database, onFatal });
}

/** Stop the log from growing, as a full disk does; or allow it again. */
export async function setFull({ db, kind }: LogDatabase, isFull: boolean): Promise<void> {
  if (kind === 'sqlite') {
    // SQLite reduces a limit below the pages in use to exactly these pages.
    await sql.raw(`pragma max_page_count = ${isFull ? 1 : 1_000_000}`).execute(db);
  } else if (isFull) {
    await sql`create function disk_is_full() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$`.execute(
      db,
    );
    await sql`create trigger disk_is_full before update on log_meta
      for each row execute function disk_is_full()`.execute(db);
  } else {
    await sql`drop function if exists disk_is_full cascade`.execute(db);
  }
}

function throwIt(error: Error): never {
  throw error;
}
