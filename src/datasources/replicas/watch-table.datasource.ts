import { type RawBuilder, type Selectable, sql } from 'kysely';
import { type RequestRef, toRequestKey } from '../../ingestion/ingestion-request.js';
import type { Clock } from '../../ingestion/ports.js';
import type { Handover, ReportedWatch, WatchTable } from '../../ingestion/replica-ports.js';
import { toIngestionRecord } from '../log/ingestion-log.rows.js';
import type { RequestRow } from '../log/ingestion-log.schema.js';
import type { ReplicaDatabase } from './replica-registry.datasource.js';
import { type ReportRow, reportColumns, toReportJson, toWatchReport } from './watch-table.rows.js';

/** A watch that no living replica has. */
const isFree = sql`(replica_id is null or not exists (
  select from replicas r where r.replica_id = watches.replica_id and r.expires_at > now()))`;

/**
 * The table of watches in PostgreSQL.
 *
 * Each statement locks the rows that it changes with SKIP LOCKED: it waits for nobody, so that it can be in
 * nobody’s way either, and least of all in that of a commit which ends a request.
 *
 * What the table says was seen later than now, was seen before the database’s clock was set back: now at the latest.
 *
 * @param clock - for the instants that the gateway tells; the table keeps them by the database’s clock
 */
export function createWatchTable({ db, guard }: ReplicaDatabase, clock: Clock): WatchTable {
  const toKeys = (refs: readonly RequestRef[]) => refs.map(toRequestKey);

  async function run<Row>(query: RawBuilder<Row>): Promise<Row[]> {
    return guard(async () => (await query.execute(db)).rows);
  }

  function toHandover(row: Selectable<RequestRow> & ReportRow): Handover {
    return { record: toIngestionRecord(row), report: toWatchReport(row, clock.now()) };
  }

  return {
    async takeFree(replicaId, limit) {
      const rows = await run(sql<Selectable<RequestRow> & ReportRow>`
        with free as materialized (
          select request_key from watches where ${isFree} limit ${limit} for update skip locked
        ), taken as (
          update watches set replica_id = ${replicaId}
          where request_key in (select request_key from free)
          returning *
        )
        select requests.*, ${reportColumns(sql`taken`)}
        from taken join requests using (request_key)`);
      return rows.map(toHandover);
    },

    async take(replicaId, refs) {
      const rows = await run(sql<{ request_key: string }>`
        with free as materialized (
          select request_key from watches
          where request_key = any(${toKeys(refs)}) and (replica_id = ${replicaId} or ${isFree})
          for update skip locked
        )
        update watches set replica_id = ${replicaId}
        where request_key in (select request_key from free)
        returning request_key`);
      return pick(refs, rows);
    },

    async listHeld(replicaId) {
      const rows = await run(sql<Selectable<RequestRow> & ReportRow>`
        select requests.*, ${reportColumns(sql`watches`)}
        from watches join requests using (request_key) where watches.replica_id = ${replicaId}`);
      return rows.map(toHandover);
    },

    async write(replicaId, watches) {
      const written = await run(writeReports(sql`${replicaId}`, replicaId, watches));
      if (written.length === watches.length) return [];
      const refs = watches.map(({ ref }) => ref);
      const held = await run(sql<{ request_key: string }>`
        select request_key from watches
        where request_key = any(${toKeys(refs)}) and replica_id = ${replicaId}`);
      // A row that was skipped because somebody was changing it is not lost: its next change is written.
      const kept = new Set([...written, ...held].map(({ request_key }) => request_key));
      return refs.filter((ref) => !kept.has(toRequestKey(ref)));
    },

    async giveBack(replicaId, watches) {
      if (watches.length > 0) await run(writeReports(sql`null`, replicaId, watches));
    },

    async noteSeen(refs) {
      await run(sql`
        with seen as materialized (
          select request_key from watches where request_key = any(${toKeys(refs)})
          for update skip locked
        )
        update watches set last_observed_at = now()
        where request_key in (select request_key from seen)`);
    },

    async findReports(refs) {
      const rows = await run(sql<ReportRow & { request_key: string }>`
        select request_key, ${reportColumns(sql`watches`)}
        from watches where request_key = any(${toKeys(refs)})`);
      const now = clock.now();
      const byKey = new Map(rows.map((row) => [row.request_key, toWatchReport(row, now)]));
      return toKeys(refs).map((key) => byKey.get(key) ?? null);
    },
  };

  /** @param owner - whose the watches are from now on */
  function writeReports(
    owner: RawBuilder<unknown>,
    replicaId: string,
    watches: readonly ReportedWatch[],
  ): RawBuilder<{ request_key: string }> {
    const now = clock.now();
    const reports = JSON.stringify(watches.map((watch) => toReportJson(watch, now)));
    return sql`
      with reports as (
        select * from jsonb_to_recordset(${reports}::jsonb) as report(
          key text, observed_ago_ms float8, polled_ago_ms float8, next_in_ms float8,
          interval_ms integer, failures integer, last_failure jsonb)
      ), held as materialized (
        select request_key from watches
        where request_key in (select key from reports) and replica_id = ${replicaId}
        for update skip locked
      )
      update watches set
        replica_id = ${owner},
        last_observed_at =
          greatest(case when last_observed_at <= now() then last_observed_at end,
            now() - make_interval(secs => observed_ago_ms / 1000)),
        last_polled_at = now() - make_interval(secs => polled_ago_ms / 1000),
        next_poll_at = now() + make_interval(secs => next_in_ms / 1000),
        interval_ms = reports.interval_ms,
        consecutive_failures = failures,
        last_failure = reports.last_failure
      from reports join held on held.request_key = reports.key
      where watches.request_key = reports.key
      returning watches.request_key`;
  }
}

function pick(
  refs: readonly RequestRef[],
  rows: readonly { readonly request_key: string }[],
): readonly RequestRef[] {
  const keys = new Set(rows.map(({ request_key }) => request_key));
  return refs.filter((ref) => keys.has(toRequestKey(ref)));
}
