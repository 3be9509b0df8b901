import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import {
  createIngestionLog,
  type DurableIngestionLog,
} from '../../../src/datasources/log/ingestion-log.datasource.js';
import type { LogDatabase } from '../../../src/datasources/log/log-database.js';
import {
  FORGOTTEN_AFTER_MS,
  openWatchQueue,
} from '../../../src/datasources/log/watch-queue.datasource.js';
import type { ReportedState, RequestRef } from '../../../src/ingestion/ingestion-request.js';
import type { PollOutcome, WatchQueue } from '../../../src/ingestion/ports.js';
import { deleteDatabase, openTestLog } from '../../support/log-database.js';
import { createManualClock } from '../../support/manual-clock.js';

const HOLD_MS = 15_000;
const MAX_RETRY_AFTER_MS = 600_000;
const DAY_MS = 86_400_000;
const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
const done: ReportedState = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 };
const toRef = (requestId: string): RequestRef => ({ mappingId: 'm', requestId });

let dataDir: string;
let database: LogDatabase;
let log: DurableIngestionLog;
let clock: ReturnType<typeof createManualClock>;
let queue: WatchQueue;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'log-'));
  database = await openTestLog(dataDir);
  log = await createIngestionLog(database);
  clock = createManualClock();
  queue = await open();
});

afterEach(async () => {
  await log.close();
  await deleteDatabase(dataDir);
});

function open(clockOfQueue = clock): Promise<WatchQueue> {
  return openWatchQueue({
    database,
    log,
    clock: clockOfQueue,
    holdMs: HOLD_MS,
    maxRetryAfterMs: MAX_RETRY_AFTER_MS,
  });
}

/** Advance the time of the process and of the database, in which everything moves into the past. */
async function pass(ms: number): Promise<void> {
  await clock.advance(ms);
  if (database.kind === 'postgres') await setDatabaseClock(ms);
}

/** Set the database’s clock forward; negative: back. */
async function setDatabaseClock(ms: number): Promise<void> {
  await sql`update poll_clock set at = at - ${ms}`.execute(database.db);
  await sql`update watches set claimed_until = claimed_until - ${ms}, not_before = not_before - ${ms},
    last_observed_at = last_observed_at - ${ms}, last_polled_at = last_polled_at - ${ms},
    wanted_at = wanted_at - ${ms}, unknown_since = unknown_since - ${ms},
    ended_at = ended_at - ${ms}`.execute(database.db);
}

async function begin(requestId: string, gapMs?: number): Promise<void> {
  await log.append({ ref: toRef(requestId), seen: running, observedAt: clock.now() });
  if (gapMs !== undefined) await queue.settle(observed(requestId, gapMs), 'interactive');
}

function observed(requestId: string, gapMs: number): PollOutcome {
  const planned = { ref: toRef(requestId), gapMs, awaitedGapMs: gapMs / 2, isAwaited: false };
  return { ...planned, kind: 'observed', observedMs: clock.monotonicMs(), isPolled: true };
}

function failed(
  requestId: string,
  gapMs: number,
  { isUnknown = false, retryAfterMs = 0 } = {},
): PollOutcome {
  return {
    ref: toRef(requestId),
    gapMs,
    awaitedGapMs: gapMs / 2,
    isAwaited: false,
    kind: 'failed',
    consecutiveFailures: 1,
    failure: { code: 'UPSTREAM_TIMEOUT', message: 'late', at: clock.now() },
    retryAfterMs,
    isUnknown,
  };
}

async function claim(limit = 100, from = queue): Promise<string[]> {
  const { due } = await from.claim(limit);
  return due.map(({ record }) => record.ref.requestId).sort();
}

it('reports the time of the next poll consistently, though clocks have different resolutions', async () => {
  const inWholeMs: typeof clock = { ...clock, now: () => Math.floor(clock.now()) };
  queue = await open(inWholeMs);
  await begin('1', 5_000);
  await queue.prioritize(toRef('1'));
  const first = await queue.report(toRef('1'));
  for (let step = 0; step < 20; step += 1) {
    await clock.advance(0.3);
    expect((await queue.report(toRef('1')))?.nextPollAt).toBe(first?.nextPollAt);
  }
});

describe('the next due polls', () => {
  it('include a new request soon, even if nobody planned its next poll', async () => {
    await begin('1');
    expect(await claim()).toEqual([]);
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
  });

  it('include a planned poll once its delay has passed', async () => {
    await begin('1', 10_000);
    await begin('2', 20_000);
    await pass(9_000);
    const { due, nextInMs } = await queue.claim(10);
    expect(due).toEqual([]);
    expect(nextInMs).toBeGreaterThan(500);
    expect(nextInMs).toBeLessThanOrEqual(1_000);
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
    await pass(10_000);
    expect(await claim()).toEqual(['2']);
  });

  it('include no request that has ended', async () => {
    await begin('1', 1_000);
    await log.append({ ref: toRef('1'), seen: done, observedAt: clock.now() });
    await queue.settle(observed('1', 1_000), 'interactive');
    await pass(5_000);
    expect(await claim()).toEqual([]);
    expect(await queue.report(toRef('1'))).toBeNull();
    expect(await queue.count()).toBe(0);
  });

  it('go to one of those that ask concurrently', async () => {
    const other = await openWatchQueue({
      database,
      log,
      clock,
      holdMs: HOLD_MS,
      maxRetryAfterMs: MAX_RETRY_AFTER_MS,
    });
    const ids = Array.from({ length: 40 }, (_, index) => String(index));
    for (const id of ids) await begin(id, 1_000);
    await pass(2_000);
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) => claim(6, index % 2 === 0 ? queue : other)),
    );
    await pass(2_000);
    const claimed = claims.flat();
    // Concurrent claims may find the others' rows locked, and leave some.
    for (let rest = await claim(); rest.length > 0; rest = await claim()) claimed.push(...rest);
    expect(claimed.sort()).toEqual([...ids].sort());
  });

  it('are held until one deadline has passed if their claimer died', async () => {
    await begin('1', 1_000);
    await pass(2_000);
    expect(await claim()).toEqual(['1']);
    expect(await queue.report(toRef('1'))).toMatchObject({ nextPollAt: null });
    await pass(HOLD_MS - 1_000);
    expect(await claim()).toEqual([]);
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
  });

  it('stay due if they were claimed and not sent', async () => {
    await begin('1', 1_000);
    await pass(2_000);
    expect(await claim()).toEqual(['1']);
    await queue.release([toRef('1')]);
    expect(await claim()).toEqual(['1']);
  });

  it('include what was planned for an earlier time, though no process ran for a day', async () => {
    for (const [id, gapMs] of [
      ['1', 1_000],
      ['2', 9_000],
      ['3', 20_000],
    ] as const) {
      await begin(id, gapMs);
    }
    await pass(DAY_MS);
    queue = await open();
    // A new request is due among them, and not a day later.
    await begin('4', 5_000);
    const polled: string[] = [];
    for (let seconds = 0; seconds < 22; seconds += 1) {
      polled.push(...(await claim(1)));
      await pass(1_000);
    }
    // While more is overdue than is claimed, virtual time pauses, and does not jump by a day.
    expect(polled.slice(0, 4)).toEqual(['1', '2', '4', '3']);
  });

  it('exclude a request until the upstream’s Retry-After has passed', async () => {
    await begin('1', 1_000);
    await queue.settle(failed('1', 1_000, { retryAfterMs: 60_000 }), 'interactive');
    await pass(59_000);
    expect(await claim()).toEqual([]);
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
  });
});

describe('virtual time', () => {
  it('pauses while more is due than is claimed, so that fresh requests precede old ones', async () => {
    for (let index = 0; index < 20; index += 1) await begin(`old ${index}`, 10_000 + index);
    await begin('fresh', 1_000);
    const polled: string[] = [];
    for (let turns = 0; turns < 42; turns += 1) {
      // One turn a second, for 3 due polls a second.
      await pass(1_000);
      const [id] = await claim(1);
      if (id === undefined) continue;
      polled.push(id);
      await queue.settle(observed(id, id === 'fresh' ? 1_000 : 10_000), 'interactive');
    }
    const freshCount = polled.filter((id) => id === 'fresh').length;
    expect(freshCount).toBeGreaterThan(8);
    // Nobody starves.
    expect(new Set(polled).size).toBe(21);
    await queue.settle(observed('fresh', 1_000), 'interactive');
    const report = await queue.report(toRef('fresh'));
    expect((report?.nextPollAt ?? 0) - clock.now()).toBeGreaterThan(1_500);
  });

  it('runs like real time while polls keep up', async () => {
    await begin('1', 1_000);
    for (let polls = 0; polls < 30; polls += 1) {
      await pass(1_100);
      expect(await claim()).toEqual(['1']);
      await queue.settle(observed('1', 1_000), 'interactive');
    }
    const report = await queue.report(toRef('1'));
    const leftMs = (report?.nextPollAt ?? 0) - clock.now();
    expect(leftMs).toBeGreaterThan(500);
    expect(leftMs).toBeLessThanOrEqual(1_000);
  });

  it.each([DAY_MS, -DAY_MS])('continues when the clock is set by %d ms', async (ms) => {
    await begin('1', 5_000);
    await begin('2', 1_000);
    await begin('3', 1_000);
    await queue.settle(failed('3', 1_000, { retryAfterMs: 30_000 }), 'interactive');
    await pass(1_100);
    expect(await claim()).toEqual(['2']);
    clock.jump(ms);
    if (database.kind === 'postgres') await setDatabaseClock(ms);
    const early = await claim();
    await pass(HOLD_MS + 20_000);
    expect(new Set([...early, ...(await claim())])).toEqual(new Set(['1', '2', '3']));
  });
});

describe('a watch that an operator ended', () => {
  it('is not due, reports the reason, and cannot be ended again', async () => {
    await begin('1', 1_000);
    expect(await queue.end(toRef('1'))).toBe(true);
    expect(await queue.report(toRef('1'))).toMatchObject({
      endedBecause: 'ENDED_BY_OPERATOR',
      nextPollAt: null,
    });
    await pass(2_000);
    expect(await claim()).toEqual([]);
    expect(await queue.end(toRef('1'))).toBe(false);
    expect(await queue.end(toRef('unknown'))).toBe(false);
    expect(await queue.count()).toBe(0);
  });

  it('stays ended when an earlier poll is answered, and resumes when somebody asks', async () => {
    await begin('1', 1_000);
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
    await queue.end(toRef('1'));
    await queue.settle(observed('1', 1_000), 'interactive');
    await pass(2_000);
    expect(await claim()).toEqual([]);
    await queue.settle({ ...observed('1', 1_000), isAwaited: true }, 'interactive');
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
  });
});

describe('an awaited request', () => {
  it('is polled sooner', async () => {
    await begin('1', 10_000);
    await queue.prioritize(toRef('1'));
    await pass(5_100);
    const { due } = await queue.claim(1);
    expect(due).toMatchObject([{ record: { ref: toRef('1') }, isAwaited: true }]);
  });

  it('is marked by asking for its watch', async () => {
    await begin('1', 10_000);
    expect(await queue.report(toRef('1'))).toMatchObject({ consecutiveFailures: 0 });
    // After the first has recorded it.
    await queue.prioritize(toRef('2'));
    await pass(5_100);
    expect((await queue.claim(1)).due).toMatchObject([{ isAwaited: true }]);
  });

  it('is no longer awaited after a while', async () => {
    await begin('1', 10_000);
    await queue.prioritize(toRef('1'));
    await pass(130_000);
    expect((await queue.claim(1)).due).toMatchObject([{ isAwaited: false }]);
  });
});

describe('the report of a watch', () => {
  it('contains the last polls and the time of the next', async () => {
    await begin('1', 1_000);
    await pass(300);
    await queue.settle(failed('1', 4_000), 'interactive');
    const report = await queue.report(toRef('1'));
    expect(report).toMatchObject({
      consecutiveFailures: 1,
      lastFailure: { code: 'UPSTREAM_TIMEOUT', message: 'late', at: clock.now() },
      endedBecause: null,
    });
    const now = clock.now();
    expect(report?.observedAgoMs).toBeGreaterThanOrEqual(300);
    expect((report?.nextPollAt ?? 0) - now).toBeGreaterThan(3_000);
    expect((report?.nextPollAt ?? 0) - now).toBeLessThanOrEqual(4_000);
    await queue.settle(observed('1', 1_000), 'interactive');
    expect(await queue.report(toRef('1'))).toMatchObject({
      consecutiveFailures: 0,
      lastFailure: null,
    });
  });

  it('is known without another read after a poll, and as old as the poll', async () => {
    await begin('1', 1_000);
    await queue.prioritize(toRef('1'));
    await queue.report(toRef('1'));
    await pass(300);
    await queue.settle(observed('1', 2_000), 'interactive');
    const report = queue.recall(toRef('1'));
    expect(report?.lastObservedAt).toBe(clock.now());
    expect(report?.observedAgoMs).toBeLessThan(300);
  });
});

describe('a watch of a request that the upstream forgot', () => {
  it.each(['interactive', 'background'] as const)('ends after an hour (%s)', async (urgency) => {
    await begin('1', 1_000);
    const unknown = failed('1', 1_000, { isUnknown: true });
    expect(await queue.settle(unknown, 'interactive')).toBe('goesOn');
    await pass(FORGOTTEN_AFTER_MS - 5_000);
    expect(await queue.settle(unknown, 'interactive')).toBe('goesOn');
    await pass(5_100);
    const ending = queue.settle(unknown, urgency);
    await clock.advance(100);
    expect(await ending).toBe('ended');
    await pass(DAY_MS);
    expect(await claim()).toEqual([]);
    expect(await queue.count()).toBe(0);
    expect(await queue.report(toRef('1'))).toMatchObject({
      nextPollAt: null,
      endedBecause: 'FORGOTTEN_UPSTREAM',
    });
    // When somebody asks again, the watch does not end again.
    expect(await queue.settle(unknown, 'interactive')).toBe('goesOn');
    expect(await queue.settle(failed('1', 1_000), 'interactive')).toBe('goesOn');
    expect(await claim()).toEqual([]);
  });

  it('resumes when somebody subscribes', async () => {
    await begin('1', 1_000);
    const unknown = failed('1', 1_000, { isUnknown: true });
    await queue.settle(unknown, 'interactive');
    await pass(FORGOTTEN_AFTER_MS + 100);
    expect(await queue.settle(unknown, 'interactive')).toBe('ended');
    await queue.prioritize(toRef('1'));
    await pass(100);
    expect(await claim()).toEqual(['1']);
    expect(await queue.settle(unknown, 'interactive')).toBe('goesOn');
    expect(await queue.report(toRef('1'))).toMatchObject({ endedBecause: null });
  });

  it('resumes when the upstream knows the request again', async () => {
    await begin('1', 1_000);
    const unknown = failed('1', 1_000, { isUnknown: true });
    await queue.settle(unknown, 'interactive');
    await pass(FORGOTTEN_AFTER_MS + 100);
    await queue.settle(unknown, 'interactive');
    await queue.settle(observed('1', 1_000), 'interactive');
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
  });
});
