import { type Kysely, type Migration, type MigrationProvider, sql } from 'kysely';
import { toMetaChecksum } from './ingestion-log.meta.js';

/**
 * The invariants of the log, in words that the database understands: a request’s transitions are one path,
 * from nothing or IN_PROGRESS to a status it has not had, with one first and at most one terminal.
 */
const initial: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('log_meta')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'text', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('requests')
      .addColumn('request_key', 'text', (column) => column.primaryKey())
      .addColumn('mapping_id', 'text', (column) => column.notNull())
      .addColumn('request_id', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('info', 'text', (column) => column.notNull())
      .addColumn('batch_id', 'text')
      .addColumn('num_records', 'bigint')
      .addColumn('started_at', 'bigint')
      .addColumn('first_observed_at', 'bigint', (column) => column.notNull())
      .addColumn('changed_at', 'bigint', (column) => column.notNull())
      .addColumn('first_position', 'bigint', (column) => column.notNull().unique())
      .addColumn('checksum', 'bigint', (column) => column.notNull())
      .execute();
    await createIndex(db, 'requests', ['mapping_id', 'first_position']);
    await createIndex(db, 'requests', ['status', 'first_position']);
    await createIndex(db, 'requests', ['first_observed_at']);
    await createIndex(db, 'requests', ['changed_at']);

    await db.schema
      .createTable('transitions')
      .addColumn('position', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('request_key', 'text', (column) => column.notNull())
      .addColumn('mapping_id', 'text', (column) => column.notNull())
      .addColumn('from_status', 'text', (column) =>
        column.check(sql`from_status is null or from_status = 'IN_PROGRESS'`),
      )
      .addColumn('to_status', 'text', (column) =>
        column
          .notNull()
          .check(sql`to_status in ('IN_PROGRESS', 'SUCCESS', 'FAILED', 'ABORTED')`)
          .check(sql`from_status is null or to_status <> 'IN_PROGRESS'`),
      )
      .addColumn('info', 'text', (column) => column.notNull())
      .addColumn('batch_id', 'text')
      .addColumn('num_records', 'bigint')
      .addColumn('observed_at', 'bigint', (column) => column.notNull())
      .addColumn('checksum', 'bigint', (column) => column.notNull())
      .execute();
    await createIndex(db, 'transitions', ['request_key', 'position']);
    await createIndex(db, 'transitions', ['mapping_id', 'position']);
    await sql`create unique index transitions_one_first on transitions (request_key)
      where from_status is null`.execute(db);
    await sql`create unique index transitions_one_terminal on transitions (request_key)
      where to_status <> 'IN_PROGRESS'`.execute(db);
    await sql`create trigger transitions_are_never_rewritten before update on transitions
      begin select raise(abort, 'a transition is never rewritten'); end`.execute(db);
    await sql`create trigger transitions_follow_one_another before insert on transitions
      when new.from_status is not null and not exists (
        select 1 from transitions
        where request_key = new.request_key and to_status = new.from_status
      )
      begin select raise(abort, 'a transition follows the one before it'); end`.execute(db);
  },
};

async function createIndex(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  const name = [table, ...columns].join('_');
  await db.schema.createIndex(name).on(table).columns(columns).execute();
}

/** What the log keeps of itself gets a checksum, as rows have. */
const checkedMeta: Migration = {
  async up(db: Kysely<{ log_meta: { name: string; value: string; checksum: number } }>) {
    await db.schema.alterTable('log_meta').addColumn('checksum', 'bigint').execute();
    for (const { name, value } of await db.selectFrom('log_meta').selectAll().execute()) {
      await db
        .updateTable('log_meta')
        .set({ checksum: toMetaChecksum(name, value) })
        .where('name', '=', name)
        .execute();
    }
  },
};

/** In the order in which they are applied; what was applied once is never changed, only followed. */
const migrations: Record<string, Migration> = {
  '0001_initial': initial,
  '0002_checked_meta': checkedMeta,
};

/** The names of all migrations that this version knows. */
export const migrationNames: readonly string[] = Object.keys(migrations);

export const migrationProvider: MigrationProvider = {
  getMigrations: async () => migrations,
};
