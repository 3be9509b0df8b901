import { type RawBuilder, sql } from 'kysely';
import { toRequestKey } from '../../ingestion/ingestion-request.js';
import type { WatchReport } from '../../ingestion/ports.js';
import type { ReportedWatch } from '../../ingestion/replica-ports.js';

/** How a watch stands, with instants as distances from now: two clocks never meet. */
export interface ReportRow {
  readonly observed_ago_ms: number | null;
  readonly polled_ago_ms: number | null;
  readonly next_in_ms: number | null;
  /** Null until it is first written down. */
  readonly interval_ms: number | null;
  readonly consecutive_failures: number;
  readonly last_failure: WatchReport['lastFailure'];
}

/** The columns of a {@link ReportRow}. */
export function reportColumns(table: RawBuilder<unknown>): RawBuilder<unknown> {
  const msSince = (column: RawBuilder<unknown>) =>
    sql`(extract(epoch from now() - ${table}.${column}) * 1000)::float8`;
  return sql`${msSince(sql`last_observed_at`)} as observed_ago_ms,
    ${msSince(sql`last_polled_at`)} as polled_ago_ms,
    -${msSince(sql`next_poll_at`)} as next_in_ms,
    ${table}.interval_ms, ${table}.consecutive_failures, ${table}.last_failure`;
}

/** @param now - in ms since the epoch, by this machine’s clock; @returns null where nothing was written down */
export function toWatchReport(row: ReportRow, now: number): WatchReport | null {
  if (row.interval_ms === null) return null;
  const ago = (ms: number | null) => (ms === null ? null : Math.round(now - ms));
  return {
    lastObservedAt: ago(row.observed_ago_ms),
    // Where the database’s clock was set back meanwhile, it does not tell how long ago that is.
    observedAgoMs: (row.observed_ago_ms ?? -1) < 0 ? null : row.observed_ago_ms,
    lastPolledAt: ago(row.polled_ago_ms),
    nextPollAt: row.next_in_ms === null ? null : Math.round(now + row.next_in_ms),
    intervalMs: row.interval_ms,
    consecutiveFailures: row.consecutive_failures,
    lastFailure: row.last_failure,
  };
}

/** One element of what is given to the database to write down. */
export function toReportJson(
  { ref, report }: ReportedWatch,
  now: number,
): Readonly<Record<string, unknown>> {
  // Nothing is written down as to come that has been: the clock may have been set back since.
  const ago = (at: number | null) => (at === null ? null : Math.max(0, now - at));
  return {
    key: toRequestKey(ref),
    observed_ago_ms: report.observedAgoMs ?? ago(report.lastObservedAt),
    polled_ago_ms: ago(report.lastPolledAt),
    next_in_ms: report.nextPollAt === null ? null : report.nextPollAt - now,
    interval_ms: report.intervalMs,
    failures: report.consecutiveFailures,
    last_failure: report.lastFailure,
  };
}
