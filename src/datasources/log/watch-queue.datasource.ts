import DataLoader from 'dataloader';
import { type RawBuilder, type Selectable, sql } from 'kysely';
import { type RequestRef, toRequestKey } from '../../ingestion/ingestion-request.js';
import type {
  Clock,
  DueWatch,
  IngestionLog,
  LastObservation,
  PollFailure,
  PollOutcome,
  WatchQueue,
  WatchReport,
} from '../../ingestion/ports.js';
import { toIngestionRecord } from './ingestion-log.rows.js';
import type { RequestRow, WatchRow } from './ingestion-log.schema.js';
import { createLogClock } from './log-clock.js';
import type { LogDatabase } from './log-database.js';
import { Recent, UNANNOUNCED_CACHE_MS } from './recent.js';

/** How long results that nobody waits for are gathered before they are recorded, in ms. */
const GATHERING_MS = 50;

/** The maximum number of watches to read or write in one statement. */
const MAX_BATCH_ITEMS = 500;

/** How long the upstream must not have known a request before its watch ends, in ms. */
export const FORGOTTEN_AFTER_MS = 3_600_000;

/** How long a caller who asked about a request counts as waiting for its end, in ms. */
const AWAITED_MS = 120_000;

/** How long interest in a request is not recorded again, in ms. */
const AWAITED_REFRESH_MS = 30_000;

/** The speed of virtual time is averaged over about this time, in ms. */
const SPEED_OVER_MS = 10_000;

/** The longest time that one claim contributes to the average, in ms: before it there may have been no process. */
const MAX_SPEED_STEP_MS = 1_000;

/** The minimum speed of virtual time, so that the predicted time of the next poll is finite. */
const MIN_SPEED = 0.000_1;

/**
 * Virtual time advances by at most this since the last claim, in ms: after a time without any process, nobody knows
 * yet how much is overdue.
 */
const MAX_UNCLAIMED_MS = 5_000;

type ClaimedRow = Selectable<WatchRow> & Selectable<RequestRow>;

/** A watch as it was read. */
interface KeptWatch {
  readonly row: Selectable<WatchRow>;
  /** When it was read, by the database's clock and by both clocks of this process; in ms. */
  readonly nowMs: number;
  readonly readMs: number;
  readonly readAt: number;
  /** Kept, so that they are the same when reported again. */
  readonly lastObservedAt: number | null;
  readonly lastPolledAt: number | null;
  readonly lastFailure: PollFailure | null;
  /** As it was reported last. */
  nextPollAt: number | null;
}

/** The speed of virtual time, as it was read. */
interface Pace {
  readonly speed: number;
  /** Virtual time. */
  readonly v: number;
  readonly readMs: number;
}

/** After this, the speed is read again in the background, in ms; after {@link UNANNOUNCED_CACHE_MS}, before it is used. */
const PACE_KEPT_MS = 500;

/** By how much the clocks of this process may disagree from one look to the next, in ms. */
const CLOCK_STEP_MS = 2;

/** How far the wall clock may be moved before a value has to be read again, in ms. */
const MAX_JUMP_MS = 50;

/**
 * The watch queue in the log's database.
 *
 * Instants are by the log's clock. A claim that ends later than any can was written before that clock was set back,
 * and is free.
 *
 * @see docs/adr/0030-what-is-due.md
 */
export async function openWatchQueue(options: {
  readonly database: Pick<LogDatabase, 'db' | 'kind' | 'guard'>;
  /** Its appends end watches. */
  readonly log: Pick<IngestionLog, 'onAppended'>;
  readonly clock: Clock;
  /** After this, a claimed but unsettled poll is due again, in ms. */
  readonly holdMs: number;
  /** The longest wait that the upstream can ask for, in ms. */
  readonly maxRetryAfterMs: number;
}): Promise<WatchQueue> {
  const { database, log, clock, holdMs, maxRetryAfterMs } = options;
  const { db, kind, guard } = database;
  const isShared = kind === 'postgres';
  const { now: toNow, ownNowMs } = createLogClock(database, clock);
  const least = sql.raw(isShared ? 'least' : 'min');
  const greatest = sql.raw(isShared ? 'greatest' : 'max');

  async function run<Row>(query: RawBuilder<Row>): Promise<Row[]> {
    return (await query.execute(db)).rows;
  }

  /** A table of one row: real time, and virtual time `v`. */
  const time = () => sql`time as (
    select now_ms, speed, virtual_ms +
      ${least}(${greatest}(now_ms - at, 0), ${sql.lit(MAX_UNCLAIMED_MS)})
        * case when is_behind = 1 then speed else 1 end as v
    from (select poll_clock.*, ${toNow()} as now_ms from poll_clock) as clock)`;

  /** What nobody polls, and what the upstream has not asked us to wait for. */
  const isFree = (now: RawBuilder<unknown>) => sql`
    (claimed_until <= ${now} or claimed_until > ${now} + ${holdMs})
    and (not_before <= ${now} or not_before > ${now} + ${maxRetryAfterMs})`;

  /**
   * The condition that a watch is one of these. Rows are locked in the order of their keys, so that two processes
   * that need the same rows can't deadlock.
   */
  const isOneOf = (keys: readonly string[]) =>
    isShared
      ? sql`request_key in (
          select request_key from watches where request_key = any(${keys}::text[])
          order by request_key collate "C" for update)`
      : sql`request_key in (select value from json_each(${JSON.stringify(keys)}))`;

  async function claimShared(limit: number): Promise<Claimed> {
    const now = sql`(select now_ms from clock)`;
    const rows = await run(sql<ClaimedRow & { claimed_at: number; next_in_ms: number | null }>`
      with locked as materialized (
        select * from poll_clock for update
      ), timed as materialized (
        select locked.*, ${toNow()} as now_ms from locked
      ), clock as materialized (
        select *, virtual_ms + greatest(now_ms - at, 0) as v from timed
      ), due as materialized (
        select request_key, due_ms from watches
        where due_ms <= (select v from clock) and ${isFree(now)}
        order by due_ms limit ${limit + 1} for update skip locked
      ), ranked as (
        select *, row_number() over (order by due_ms, request_key) as place from due
      ), first as (
        select request_key from ranked where place <= ${limit}
      ), moving as (
        -- Virtual time stands still at what is due and not taken.
        select clock.*,
          coalesce(greatest(virtual_ms, least(v, behind_ms)), v) as moved_ms,
          case when behind_ms is null then 0 else 1 end as is_now_behind
        from clock,
          (select min(due_ms) as behind_ms from ranked where place > ${limit}) as behind
      ), taken as (
        update watches set claimed_until = ${now} + ${holdMs}
        where request_key in (select request_key from first) returning *
      ), next as materialized (
        select (select due_ms from watches
          where due_ms is not null and ${isFree(now)}
            and request_key not in (select request_key from first)
          order by due_ms limit 1) as next_ms
      ), moved as (
        update poll_clock set
          virtual_ms = moved_ms,
          at = now_ms,
          speed = moving.speed + case when now_ms > moving.at then
            (least(1, (moved_ms - moving.virtual_ms) / (now_ms - moving.at)) - moving.speed)
            * least(now_ms - moving.at, ${sql.lit(MAX_SPEED_STEP_MS)}) / ${sql.lit(SPEED_OVER_MS)}
            else 0 end,
          is_behind = is_now_behind
        from moving
        returning moved_ms, now_ms as claimed_at
      )
      select requests.*, taken.*, claimed_at, greatest(0, next_ms - moved_ms) as next_in_ms
      from moved cross join next
        left join taken on true left join requests on requests.request_key = taken.request_key`);
    return {
      rows: rows.filter(({ request_key }) => request_key !== null),
      nowMs: rows[0]?.claimed_at ?? 0,
      nextInMs: rows[0]?.next_in_ms ?? Number.POSITIVE_INFINITY,
    };
  }

  const claimAlone = (limit: number): Promise<Claimed> =>
    db.transaction().execute(async (transaction) => {
      const nowMs = ownNowMs();
      const now = sql`${nowMs}`;
      const { virtual_ms, at, speed } = await transaction
        .selectFrom('poll_clock')
        .selectAll()
        .executeTakeFirstOrThrow();
      const elapsedMs = Math.max(0, nowMs - at);
      const v = virtual_ms + elapsedMs;
      const { rows: due } = await sql<ClaimedRow>`
        select requests.*, watches.* from watches join requests using (request_key)
        where due_ms <= ${v} and ${isFree(now)} order by due_ms limit ${limit + 1}`.execute(
        transaction,
      );
      const rows = due.slice(0, limit);
      // Virtual time stops at what is due and not claimed.
      const behindMs = due[limit]?.due_ms ?? null;
      const movedMs = behindMs === null ? v : Math.max(virtual_ms, Math.min(v, behindMs));
      const keys = rows.map(({ request_key }) => request_key);
      const next = await sql<{ due_ms: number }>`
        select due_ms from watches where due_ms is not null and ${isFree(now)}
          and not ${isOneOf(keys)}
        order by due_ms limit 1`.execute(transaction);
      const nextMs = next.rows[0]?.due_ms ?? Number.POSITIVE_INFINITY;
      // If nothing happens, nothing is written, as long as that makes no difference.
      if (keys.length > 0 || elapsedMs > MAX_UNCLAIMED_MS / 2) {
        const ran = elapsedMs === 0 ? speed : Math.min(1, (movedMs - virtual_ms) / elapsedMs);
        const share = Math.min(elapsedMs, MAX_SPEED_STEP_MS) / SPEED_OVER_MS;
        await sql`update watches set claimed_until = ${nowMs + holdMs}
          where ${isOneOf(keys)}`.execute(transaction);
        await transaction
          .updateTable('poll_clock')
          .set({
            virtual_ms: movedMs,
            at: nowMs,
            speed: speed + (ran - speed) * share,
            is_behind: behindMs === null ? 0 : 1,
          })
          .execute();
      }
      const taken = rows.map((row) => ({ ...row, claimed_until: nowMs + holdMs }));
      return { rows: taken, nowMs, nextInMs: Math.max(0, nextMs - movedMs) };
    });

  function toDueWatch(row: ClaimedRow, nowMs: number): DueWatch {
    return {
      record: toIngestionRecord(row),
      isAwaited: row.wanted_at !== null && nowMs - row.wanted_at < AWAITED_MS,
      consecutiveFailures: row.consecutive_failures,
    };
  }

  /** Change watches, in the database and in the cache. @param update - without `returning`; has the table {@link time} */
  async function change(
    keys: readonly string[],
    update: RawBuilder<unknown>,
  ): Promise<readonly Selectable<WatchRow>[]> {
    type Changed = Selectable<WatchRow> & { readonly now_ms?: number };
    let changed: readonly Changed[] = [];
    const started = toStarted();
    const startedAt = ownNowMs();
    await watches.write(keys, async () => {
      changed = await guard(() =>
        run(sql<Changed>`${update} returning ${sql.raw(isShared ? 'watches.*, now_ms' : '*')}`),
      );
      return new Map(
        changed.map(({ now_ms = startedAt, ...row }) => [
          row.request_key,
          toKept(row, now_ms, started),
        ]),
      );
    });
    return changed;
  }

  async function settleAll(
    outcomes: readonly PollOutcome[],
  ): Promise<readonly ('goesOn' | 'ended')[]> {
    const keys = outcomes.map(({ ref }) => toRequestKey(ref));
    const json = JSON.stringify(outcomes.map((outcome) => toJson(outcome, clock)));
    const isForgotten = sql`(o.is_unknown = 1
      and unknown_since <= now_ms - ${sql.lit(FORGOTTEN_AFTER_MS)})`;
    const isObserved = sql`o.observed_ago_ms is not null`;
    // Not by a poll that was in progress when the watch was ended, and that nobody waits for.
    const isRevived = sql`(${isObserved} and 
      (ended_because = 'FORGOTTEN_UPSTREAM' or o.is_wanted = 1 or o.is_polled = 0))`;
    const rows = await change(
      keys,
      sql`
        with ${time()}, outcomes as (${toOutcomes(json, isShared)})
        update watches set
          due_ms = case when ${isForgotten} or (ended_because is not null and not ${isRevived})
            then null else v + o.gap_ms end,
          claimed_until = 0,
          not_before = case when o.retry_after_ms > 0 then now_ms + o.retry_after_ms else 0 end,
          gap_ms = o.gap_ms,
          wanted_gap_ms = o.wanted_gap_ms,
          wanted_at = case when o.is_wanted = 1 then now_ms else wanted_at end,
          last_observed_at = case when ${isObserved}
            then now_ms - o.observed_ago_ms else last_observed_at end,
          last_polled_at = case when o.is_polled = 1 then now_ms else last_polled_at end,
          consecutive_failures = o.failures,
          last_failure = o.failure,
          unknown_since = case when ${isObserved} then null
            when o.is_unknown = 1 then coalesce(unknown_since, now_ms) else unknown_since end,
          ended_because = case when ${isRevived} then null
            when ${isForgotten} then coalesce(ended_because, 'FORGOTTEN_UPSTREAM')
            else ended_because end,
          ended_at = case when ${isRevived} then null
            when ${isForgotten} then coalesce(ended_at, now_ms) else ended_at end
        from outcomes as o, time
        where watches.request_key = o.key and watches.${isOneOf(keys)}`,
    );
    // A watch ends with its last poll.
    const isEnded = (row: Selectable<WatchRow>) =>
      row.ended_at !== null && row.ended_at === row.last_polled_at;
    const ended = new Set(rows.filter(isEnded).map((row) => row.request_key));
    return keys.map((key) => (ended.has(key) ? 'ended' : 'goesOn'));
  }

  /** Those of one turn of the event loop. */
  const batched = {
    cache: false,
    maxBatchSize: MAX_BATCH_ITEMS,
    batchScheduleFn: (send: () => void) => void setImmediate(send),
  };
  const settlers = {
    interactive: new DataLoader(settleAll, batched),
    background: new DataLoader(settleAll, {
      ...batched,
      batchScheduleFn: (send) => void clock.schedule(GATHERING_MS, send),
    }),
  };

  const priorityLoader = new DataLoader(async (refs: readonly RequestRef[]) => {
    const keys = [...new Set(refs.map(toRequestKey))];
    await change(
      keys,
      sql`with ${time()}
        update watches set
          wanted_at = now_ms,
          due_ms = case when ended_because is not null then v
            else ${least}(due_ms, coalesce(v + wanted_gap_ms, due_ms)) end,
          unknown_since = case when ended_because is null then unknown_since end,
          ended_because = null,
          ended_at = null
        from time where ${isOneOf(keys)}`,
    );
    return refs.map(() => null);
  }, batched);

  const watches = new Recent<KeptWatch>(clock, isShared);
  log.onAppended(({ ref }) => watches.forget(toRequestKey(ref)));
  let pace: Pace | null = null;
  let pacing: Promise<Pace> | null = null;
  /** Requests for which interest is being recorded. */
  const refreshing = new Set<string>();

  /** When a statement is sent. Its result is no older than that. */
  const toStarted = () => ({ readMs: clock.monotonicMs(), readAt: clock.now() });

  function toKept(
    row: Selectable<WatchRow>,
    nowMs: number,
    started: Pick<KeptWatch, 'readMs' | 'readAt'>,
  ): KeptWatch {
    // A time in the future was recorded before the clock was set back.
    const toWall = (at: number | null) =>
      at === null ? null : Math.round(started.readAt - Math.max(0, nowMs - at));
    return {
      row,
      nowMs,
      ...started,
      lastObservedAt: toWall(row.last_observed_at),
      lastPolledAt: toWall(row.last_polled_at),
      lastFailure: row.last_failure === null ? null : (JSON.parse(row.last_failure) as PollFailure),
      nextPollAt: null,
    };
  }

  async function readPace(): Promise<Pace> {
    const { readMs } = toStarted();
    const rows = await guard(() =>
      run(sql<{ speed: number; v: number }>`with ${time()} select speed, v from time`),
    );
    const { speed = 1, v = 0 } = rows[0] ?? {};
    pace = { speed, v, readMs };
    return pace;
  }

  function renewPace(): Promise<Pace> {
    pacing ??= readPace().finally(() => {
      pacing = null;
    });
    return pacing;
  }

  function youngPace(): Pace | null {
    const ageMs = pace ? clock.monotonicMs() - pace.readMs : Number.POSITIVE_INFINITY;
    // Read ahead, so that frequent callers don't wait for it.
    if (ageMs >= PACE_KEPT_MS && ageMs < UNANNOUNCED_CACHE_MS) renewPace().catch(() => {});
    return ageMs < UNANNOUNCED_CACHE_MS ? pace : null;
  }

  /** Asking counts as waiting for the end. A failure to record that does not keep the answer back. */
  function refreshAwaited(ref: RequestRef, kept: KeptWatch): void {
    const { row } = kept;
    const now = toNowMs(kept);
    const isKnown =
      row.ended_because !== null ||
      (row.wanted_at !== null && Math.abs(now - row.wanted_at) <= AWAITED_REFRESH_MS);
    if (isKnown || refreshing.has(row.request_key)) return;
    refreshing.add(row.request_key);
    const isWritten = () => void refreshing.delete(row.request_key);
    priorityLoader.load(ref).then(isWritten, isWritten);
  }

  async function readWatches(keys: readonly string[]): Promise<ReadonlyMap<string, KeptWatch>> {
    const isAsked = isShared
      ? sql`request_key = any(${keys}::text[])`
      : sql`request_key in (select value from json_each(${JSON.stringify(keys)}))`;
    const started = toStarted();
    const rows = await guard(() =>
      run(sql<Selectable<WatchRow> & { readonly now_ms: number }>`
        select watches.*, ${toNow()} as now_ms from watches where ${isAsked}`),
    );
    return new Map(
      rows.map(({ now_ms, ...row }) => [row.request_key, toKept(row, now_ms, started)]),
    );
  }

  const reports = new DataLoader(async (refs: readonly RequestRef[]) => {
    const keys = refs.map(toRequestKey);
    for (const key of keys) if (hasJumped(watches.get(key))) watches.forget(key);
    const [kept, paceNow] = await Promise.all([
      watches.read(keys, readWatches),
      youngPace() ?? renewPace(),
    ]);
    return refs.map((ref, index) => {
      const watch = kept.get(keys[index] ?? '');
      if (!watch) return null;
      refreshAwaited(ref, watch);
      return toReport(watch, paceNow);
    });
  }, batched);

  /** Whether the wall clock was set since: then it would give another answer now. */
  function hasJumped(kept: KeptWatch | undefined): boolean {
    if (!kept) return false;
    const passedMs = clock.monotonicMs() - kept.readMs;
    return Math.abs(clock.now() - kept.readAt - passedMs) > MAX_JUMP_MS;
  }

  /** The time by the database's clock. */
  const toNowMs = ({ nowMs, readMs }: KeptWatch) => nowMs + clock.monotonicMs() - readMs;

  function toLastObservation(kept: KeptWatch): LastObservation {
    const { row, lastObservedAt } = kept;
    const agoMs = row.last_observed_at === null ? -1 : toNowMs(kept) - row.last_observed_at;
    return { lastObservedAt, observedAgoMs: agoMs < 0 ? null : agoMs };
  }

  function toReport(kept: KeptWatch, { v, speed, readMs }: Pace): WatchReport | null {
    const { row, lastPolledAt, lastFailure } = kept;
    if (row.gap_ms === null) return null;
    const nowMs = toNowMs(kept);
    const isHeld = row.claimed_until > nowMs && row.claimed_until <= nowMs + holdMs;
    const pausedMs = row.not_before - nowMs;
    const pacedSpeed = Math.max(speed, MIN_SPEED);
    const passedMs = clock.monotonicMs() - readMs;
    const leftMs = Math.max(
      0,
      pausedMs <= maxRetryAfterMs ? pausedMs : 0,
      ((row.due_ms ?? 0) - v) / pacedSpeed - passedMs,
    );
    const nextPollAt = Math.round(clock.now() + leftMs);
    // The two clocks count in different steps: nobody is told of the difference.
    if (Math.abs(nextPollAt - (kept.nextPollAt ?? 0)) > CLOCK_STEP_MS) kept.nextPollAt = nextPollAt;
    return {
      ...toLastObservation(kept),
      lastPolledAt,
      nextPollAt: isHeld || row.due_ms === null ? null : kept.nextPollAt,
      consecutiveFailures: row.consecutive_failures,
      lastFailure,
      endedBecause: row.ended_because,
    };
  }

  function recall(ref: RequestRef): LastObservation | null {
    const kept = watches.get(toRequestKey(ref));
    if (!kept || kept.row.gap_ms === null || hasJumped(kept)) return null;
    refreshAwaited(ref, kept);
    return toLastObservation(kept);
  }

  const forget = (keys: readonly string[]) => {
    for (const key of keys) watches.forget(key);
  };

  await guard(() =>
    run(sql`insert into poll_clock (id, virtual_ms, at, speed, is_behind)
      values (1, 0, ${toNow()}, 1, 0)
      on conflict (id) do nothing`),
  );
  // No other process can have claimed it.
  if (!isShared) {
    await guard(() => run(sql`update watches set claimed_until = 0 where claimed_until <> 0`));
  }

  return {
    claim: (limit) =>
      guard(async () => {
        const claimed = await (isShared ? claimShared(limit) : claimAlone(limit));
        const { rows, nowMs, nextInMs } = claimed;
        for (const { request_key, claimed_until } of rows) {
          watches.change(request_key, (kept) => ({ ...kept, row: { ...kept.row, claimed_until } }));
        }
        return { due: rows.map((row) => toDueWatch(row, nowMs)), nextInMs };
      }),
    settle: (outcome, settling) => settlers[settling].load(outcome),
    async release(refs) {
      if (refs.length === 0) return;
      const keys = refs.map(toRequestKey);
      await guard(() =>
        run(sql`update watches set claimed_until = 0 where ${isOneOf(keys)}`),
      ).finally(() => forget(keys));
    },
    end: (ref) =>
      guard(async () => {
        const rows = await run(sql`with ${time()}
          update watches set due_ms = null, ended_because = 'ENDED_BY_OPERATOR', ended_at = now_ms
          from time where ended_because is null and ${isOneOf([toRequestKey(ref)])}
          returning watches.request_key`);
        return rows.length > 0;
      }).finally(() => forget([toRequestKey(ref)])),
    prioritize: async (ref) => void (await priorityLoader.load(ref)),
    report: (ref) => reports.load(ref),
    recall,
    count: () =>
      guard(async () => {
        const [row] = await run(sql<{ items: number }>`
          select count(*) as items from watches where due_ms is not null`);
        return row?.items ?? 0;
      }),
  };
}

interface Claimed {
  readonly rows: readonly ClaimedRow[];
  readonly nowMs: number;
  readonly nextInMs: number;
}

/** One element of the JSON that is sent to the database. */
function toJson(outcome: PollOutcome, clock: Clock): Readonly<Record<string, unknown>> {
  const { ref, gapMs, awaitedGapMs, isAwaited } = outcome;
  const planned = {
    key: toRequestKey(ref),
    gap_ms: gapMs,
    wanted_gap_ms: awaitedGapMs,
    is_wanted: Number(isAwaited),
  };
  switch (outcome.kind) {
    case 'observed':
      return {
        ...planned,
        observed_ago_ms: clock.monotonicMs() - outcome.observedMs,
        is_polled: Number(outcome.isPolled),
        failures: 0,
      };
    case 'failed':
      return {
        ...planned,
        is_polled: 1,
        is_unknown: Number(outcome.isUnknown),
        retry_after_ms: outcome.retryAfterMs,
        failures: outcome.consecutiveFailures,
        failure: JSON.stringify(outcome.failure),
      };
  }
}

/** The result of {@link toJson} as a table. */
function toOutcomes(json: string, isShared: boolean): RawBuilder<unknown> {
  if (isShared) {
    return sql`select * from jsonb_to_recordset(${json}::jsonb) as outcome(
      key text, gap_ms float8, wanted_gap_ms float8, is_wanted integer, observed_ago_ms float8,
      is_polled integer, is_unknown integer, retry_after_ms float8, failures integer, failure text)`;
  }
  const columns = [
    'key',
    'gap_ms',
    'wanted_gap_ms',
    'is_wanted',
    'observed_ago_ms',
    'is_polled',
    'is_unknown',
    'retry_after_ms',
    'failures',
    'failure',
  ].map((name) => sql`json_extract(value, ${sql.lit(`$.${name}`)}) as ${sql.ref(name)}`);
  return sql`select ${sql.join(columns)} from json_each(${json})`;
}
