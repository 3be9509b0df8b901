import { type Kysely, type Migration, sql } from 'kysely';
import type { LogDatabaseKind } from './log-database.js';
import { addCallerCounts, addReplicas } from './replica.migrations.js';
import { addWatchQueue } from './watch-queue.migration.js';

/** A change of the tables, in the SQL of either database. */
type Change = (db: Kysely<unknown>, kind: LogDatabaseKind) => Promise<void>;

/**
 * The log's invariants, enforced by the database: a request's transitions form one path, from nothing or IN_PROGRESS
 * to a status that it has not had, with one first and at most one terminal transition.
 */
const initial: Change = async (db, kind) => {
  await db.schema
    .createTable('log_meta')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('checksum', 'bigint', (column) => column.notNull())
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
    // SQLite remembers the highest value of such a column, which is checked when the log is opened.
    .addColumn('position', kind === 'sqlite' ? 'integer' : 'bigint', (column) =>
      kind === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn('request_key', 'text', (column) => column.notNull())
    .addColumn('mapping_id', 'text', (column) => column.notNull())
    .addColumn('from_status', 'text', (column) =>
      column.check(sql`from_status is null or from_status = 'IN_PROGRESS'`),
    )
    .addColumn('to_status', 'text', (column) =>
      column.notNull().check(
        // Kysely uses only the last of a column's checks.
        sql`to_status in ('IN_PROGRESS', 'SUCCESS', 'FAILED', 'ABORTED')
            and (from_status is null or to_status <> 'IN_PROGRESS')`,
      ),
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
  await (kind === 'sqlite' ? createSqliteTriggers : createPostgresTriggers)(db);
};

async function createSqliteTriggers(db: Kysely<unknown>): Promise<void> {
  await sql`create trigger transitions_are_never_rewritten before update on transitions
      begin select raise(abort, 'a transition is never rewritten'); end`.execute(db);
  await sql`create trigger transitions_follow_one_another before insert on transitions
      when new.from_status is not null and not exists (
        select 1 from transitions
        where request_key = new.request_key and to_status = new.from_status
      )
      begin select raise(abort, 'a transition follows the one before it'); end`.execute(db);
}

async function createPostgresTriggers(db: Kysely<unknown>): Promise<void> {
  await sql`create function transitions_are_never_rewritten() returns trigger language plpgsql as $$
    begin
      raise exception 'a transition is never rewritten' using errcode = 'integrity_constraint_violation';
    end $$`.execute(db);
  await sql`create trigger transitions_are_never_rewritten before update on transitions
    for each row execute function transitions_are_never_rewritten()`.execute(db);
  await sql`create function transitions_follow_one_another() returns trigger language plpgsql as $$
    begin
      if new.from_status is not null and not exists (
        select 1 from transitions
        where request_key = new.request_key and to_status = new.from_status
      ) then
        raise exception 'a transition follows the one before it'
          using errcode = 'integrity_constraint_violation';
      end if;
      return new;
    end $$`.execute(db);
  await sql`create trigger transitions_follow_one_another before insert on transitions
    for each row execute function transitions_follow_one_another()`.execute(db);
}

/**
 * Only one start at a time has a key, and a request has at most one retry: of concurrent attempts at either, the
 * database accepts one.
 */
const starts: Change = async (db, kind) => {
  await db.schema
    .createTable('starts')
    .addColumn('intent_id', kind === 'sqlite' ? 'integer' : 'bigint', (column) =>
      kind === 'sqlite'
        ? column.primaryKey().autoIncrement()
        : column.primaryKey().generatedAlwaysAsIdentity(),
    )
    .addColumn('caller', 'text')
    .addColumn('idempotency_key', 'text')
    .addColumn('taken_key', 'text', (column) => column.unique())
    .addColumn('mapping_id', 'text', (column) => column.notNull())
    .addColumn('retry_on_abort', 'integer', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('retry_of', 'text', (column) => column.unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('sent_at', 'bigint')
    .addColumn('state', 'text', (column) =>
      column.notNull().check(
        sql`state in ('waiting', 'sent', 'submitted', 'alreadyInProgress', 'mappingNotStopped',
              'mappingNotPublished', 'refused', 'unknown', 'abandoned')
            and (state not in ('waiting', 'abandoned') or retry_of is not null)`,
      ),
    )
    .addColumn('request_key', 'text', (column) =>
      column.check(sql`(request_key is not null) = (state in ('submitted', 'alreadyInProgress'))`),
    )
    .addColumn('code', 'text')
    .addColumn('message', 'text')
    .addColumn('settled_at', 'bigint')
    .addColumn('checksum', 'bigint', (column) => column.notNull())
    .execute();
  await createIndex(db, 'starts', ['request_key']);
  await createIndex(db, 'starts', ['mapping_id', 'created_at']);
  await sql`create index starts_under_way on starts (state)
      where state in ('waiting', 'sent')`.execute(db);
  await sql`create index starts_without_request on starts (created_at)
      where request_key is null and retry_of is null`.execute(db);
};

async function createIndex(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  const name = [table, ...columns].join('_');
  await db.schema.createIndex(name).on(table).columns(columns).execute();
}

/** Who sent a start whose answer has not arrived. */
const senders: Change = async (db) => {
  await db.schema.alterTable('starts').addColumn('sent_by', 'text').execute();
};

/** A SQLite file belongs to one process, which shares nothing. */
const replicas: Change = async (db, kind) => {
  if (kind === 'postgres') await addReplicas(db);
};

const callerCounts: Change = async (db, kind) => {
  if (kind === 'postgres') await addCallerCounts(db);
};

/** How far the log had come when a start was sent; null for those sent before this was recorded. */
const sentAfter: Change = async (db) => {
  await db.schema.alterTable('starts').addColumn('sent_after', 'bigint').execute();
};

/**
 * When the answer to a start is due, and the next sending of a retry. No process asks any more which others are
 * alive.
 */
const dueStarts: Change = async (db, kind) => {
  await db.schema.alterTable('starts').addColumn('due_at', 'double precision').execute();
  if (kind === 'postgres') await db.schema.dropTable('replicas').execute();
};

/**
 * In the order in which they are applied. A released migration never changes; new ones follow it. Processes of the
 * previous version may be running on the same PostgreSQL database, so later migrations only add. A version brings at
 * most one: its processes and those of the previous version can run, and start, side by side.
 */
const changes: Record<string, Change> = {
  '0001_initial': initial,
  '0002_starts': starts,
  '0003_senders': senders,
  '0004_replicas': replicas,
  '0005_caller_counts': callerCounts,
  '0006_sent_after': sentAfter,
  '0007_watch_queue': addWatchQueue,
  '0008_due_starts': dueStarts,
};

/** All migrations that this version knows, for one kind of database. */
export function createMigrations(kind: LogDatabaseKind): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(changes).map(([name, change]) => [name, { up: (db) => change(db, kind) }]),
  );
}
