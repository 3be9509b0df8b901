import { type Kysely, sql } from 'kysely';

/**
 * What replicas share: which of them are alive, who watches what, the call budget and the access token.
 *
 * The database makes sure that each non-terminal request has a watch, and no other request has one, in the commits
 * that begin and end requests. Rows of watches change often and stay in place (`fillfactor`): of the columns that
 * change, only the owner is in an index.
 */
export async function addReplicas(db: Kysely<unknown>): Promise<void> {
  await sql`create table replicas (
      replica_id text primary key,
      process_id text not null,
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create table watches (
      request_key text primary key,
      replica_id text,
      last_observed_at timestamptz,
      last_polled_at timestamptz,
      next_poll_at timestamptz,
      interval_ms integer,
      consecutive_failures integer not null default 0,
      last_failure jsonb
    ) with (fillfactor = 50)`.execute(db);
  await sql`create index watches_replica_id on watches (replica_id)`.execute(db);
  await sql`insert into watches (request_key)
      select request_key from requests where status = 'IN_PROGRESS'`.execute(db);
  await sql`create function keep_watches() returns trigger language plpgsql as $$
      begin
        if new.status = 'IN_PROGRESS' then
          insert into watches (request_key) values (new.request_key) on conflict do nothing;
        else
          delete from watches where request_key = new.request_key;
        end if;
        return null;
      end $$`.execute(db);
  await sql`create trigger requests_keep_watches after insert or update of status on requests
      for each row execute function keep_watches()`.execute(db);
  await sql`create unlogged table call_budget (
      upstream text primary key,
      next_call_at timestamptz not null,
      paused_until timestamptz not null
    )`.execute(db);
  await sql`create table access_tokens (
      credential text primary key,
      sealed bytea,
      fetched_at timestamptz,
      expires_at timestamptz,
      fetching_until timestamptz,
      failure jsonb,
      retry_at timestamptz
    )`.execute(db);
}

/** Counts of a minute. They are not worth a write to the disk, so none survives a crash of the server. */
export async function addCallerCounts(db: Kysely<unknown>): Promise<void> {
  // The columns are in the order in which rate-limiter-flexible fills them.
  await sql`create unlogged table caller_counts (
      key text primary key,
      points integer not null,
      expire bigint
    ) with (fillfactor = 50)`.execute(db);
}
