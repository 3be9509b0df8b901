import { randomBytes } from 'node:crypto';
import { type Kysely, Migrator, sql } from 'kysely';
import { LogDamagedError } from '../../../ingestion/gateway-error.js';
import { readMeta, toMetaChecksum } from '../ingestion-log.meta.js';
import type { LogTables, MetaRow } from '../ingestion-log.schema.js';
import { createLogKysely, LogUnusableError } from '../log-database.js';
import { createMigrations } from '../log-migrations.js';
import { type CheckedPostgres, CONNECT_TIMEOUT_MS, checkPostgres } from './postgres.check.js';
import { createPostgresDialect, PostgresError } from './postgres.dialect.js';
import { unlimited } from './postgres.session.js';

/** A database with the log's tables. */
export interface PreparedPostgres extends CheckedPostgres {
  /** The key of its cursors, the same in every process. */
  readonly cursorKey: Buffer;
}

/**
 * Create the log's tables in a database, or bring them up to date. Of processes that do so concurrently, one does the
 * work.
 *
 * @param name - of the database, as shown to people
 * @throws {LogUnusableError} it can't be reached, has unsuitable settings, is from a newer version, or is not a log's
 */
export async function preparePostgres(url: string, name: string): Promise<PreparedPostgres> {
  try {
    const checked = await checkPostgres(url, name);
    return { ...checked, cursorKey: await prepareTables(url, name, checked.schema) };
  } catch (error) {
    throw toUnusable(error, name);
  }
}

async function prepareTables(url: string, name: string, schema: string): Promise<Buffer> {
  // A migration may take long, and others wait for it, so statements have no limit here.
  const db = createLogKysely(
    createPostgresDialect({
      pool: {
        connectionString: url,
        max: 2,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        application_name: 'sluice',
      },
      session: { limits: unlimited, schema },
    }),
  );
  try {
    await migrate(db, name, schema);
    await insertMeta(db, 'commit_count', '0');
    await insertMeta(db, 'cursor_key', randomBytes(32).toString('base64url'));
    const cursorKey = await readMeta(db, 'cursor_key');
    if (cursorKey === null) throw new LogDamagedError();
    return Buffer.from(cursorKey, 'base64url');
  } finally {
    await db.destroy();
  }
}

/**
 * How many migrations ahead of this version a database may be. Each only adds, so the previous version can run beside
 * it, also when one of its processes is restarted during an upgrade or to go back.
 */
const MAX_MIGRATIONS_AHEAD = 1;

async function migrate(db: Kysely<LogTables>, name: string, schema: string): Promise<void> {
  const migrations = createMigrations('postgres');
  const applied = await readApplied(db);
  const unknown = applied.filter((migration) => !(migration in migrations));
  if (unknown.length > MAX_MIGRATIONS_AHEAD) {
    throw new LogUnusableError(
      `${name} was written by a newer version of Sluice. Run that version, or set DATABASE_URL to another database.`,
    );
  }
  // Always so if there is a later one.
  const isUpToDate = Object.keys(migrations).every((migration) => applied.includes(migration));
  if (isUpToDate) return;
  const provider = { getMigrations: async () => migrations };
  // Others may have tables with this name in the same database.
  const migrator = new Migrator({ db, provider, migrationTableSchema: schema });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

async function readApplied(db: Kysely<LogTables>): Promise<readonly string[]> {
  const { rows: tables } = await sql<{ exists: boolean }>`
    select to_regclass('kysely_migration') is not null as exists`.execute(db);
  if (!tables[0]?.exists) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return rows.map((row) => row.name);
}

/** Store a value if there is none yet. */
async function insertMeta(
  db: Kysely<LogTables>,
  name: MetaRow['name'],
  value: string,
): Promise<void> {
  await db
    .insertInto('log_meta')
    .values({ name, value, checksum: toMetaChecksum(name, value) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}

const DUPLICATE_TABLE = '42P07';

function toUnusable(error: unknown, name: string): unknown {
  if (error instanceof LogDamagedError) {
    return new LogUnusableError(
      `${name} is damaged. Restore it from a backup, or set DATABASE_URL to another database.`,
      { cause: error },
    );
  }
  if (!(error instanceof PostgresError)) return error;
  if (error.sqlState === DUPLICATE_TABLE) {
    return new LogUnusableError(
      `${name} belongs to another program. Set DATABASE_URL to another database.`,
      { cause: error },
    );
  }
  return new LogUnusableError(
    `${name} cannot be used (${error.message}). Check DATABASE_URL, the server, and the user’s permissions there.`,
    { cause: error },
  );
}
