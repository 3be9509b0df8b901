import { type Kysely, sql } from 'kysely';
import type { LogDatabaseKind } from './log-database.js';

/**
 * Until the process that first saw a new request has planned its next poll, the poll is due after this, in ms, in
 * case that process ends before.
 */
const FIRST_DUE_MS = 1_000;

/** Existing watches become due within this time, in ms, in no order. */
const SPREAD_MS = 30_000;

/**
 * The watch queue and its clock. The database makes sure that each non-terminal request has a watch, and no other
 * request has one, in the commits that begin and end requests.
 */
export async function addWatchQueue(db: Kysely<unknown>, kind: LogDatabaseKind): Promise<void> {
  if (kind === 'postgres') {
    await sql`drop trigger requests_keep_watches on requests`.execute(db);
    await sql`drop function keep_watches`.execute(db);
    await sql`drop table watches`.execute(db);
  }
  await db.schema
    .createTable('watches')
    .addColumn('request_key', 'text', (column) => column.primaryKey())
    .addColumn('due_ms', 'double precision')
    .addColumn('claimed_until', 'double precision', (column) => column.notNull().defaultTo(0))
    .addColumn('not_before', 'double precision', (column) => column.notNull().defaultTo(0))
    .addColumn('gap_ms', 'double precision')
    .addColumn('wanted_gap_ms', 'double precision')
    .addColumn('wanted_at', 'double precision')
    .addColumn('last_observed_at', 'double precision')
    .addColumn('last_polled_at', 'double precision')
    .addColumn('consecutive_failures', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('last_failure', 'text')
    .addColumn('unknown_since', 'double precision')
    .addColumn('ended_because', 'text')
    .addColumn('ended_at', 'double precision')
    .execute();
  await sql`create index watches_due_ms on watches (due_ms) where due_ms is not null`.execute(db);
  await db.schema
    .createTable('poll_clock')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('virtual_ms', 'double precision', (column) => column.notNull())
    .addColumn('at', 'double precision', (column) => column.notNull())
    .addColumn('speed', 'double precision', (column) => column.notNull())
    .addColumn('is_behind', 'integer', (column) => column.notNull())
    .execute();
  await (kind === 'sqlite' ? createSqliteTriggers : createPostgresTrigger)(db);
  const share = kind === 'sqlite' ? sql`(abs(random() % 1000) / 1000.0)` : sql`random()`;
  await sql`insert into watches (request_key, due_ms)
      select request_key, ${share} * ${sql.lit(SPREAD_MS)} from requests
      where status = 'IN_PROGRESS'`.execute(db);
}

const firstDue = sql`coalesce((select virtual_ms from poll_clock), 0) + ${sql.lit(FIRST_DUE_MS)}`;

async function createSqliteTriggers(db: Kysely<unknown>): Promise<void> {
  await sql`create trigger requests_begin_watches after insert on requests
      when new.status = 'IN_PROGRESS'
      begin
        insert or ignore into watches (request_key, due_ms) values (new.request_key, ${firstDue});
      end`.execute(db);
  await sql`create trigger requests_end_watches after update of status on requests
      when new.status <> 'IN_PROGRESS'
      begin delete from watches where request_key = new.request_key; end`.execute(db);
}

async function createPostgresTrigger(db: Kysely<unknown>): Promise<void> {
  await sql`create function keep_watches() returns trigger language plpgsql as $$
      begin
        if new.status = 'IN_PROGRESS' then
          insert into watches (request_key, due_ms) values (new.request_key, ${firstDue})
            on conflict do nothing;
        else
          delete from watches where request_key = new.request_key;
        end if;
        return null;
      end $$`.execute(db);
  await sql`create trigger requests_keep_watches after insert or update of status on requests
      for each row execute function keep_watches()`.execute(db);
}
