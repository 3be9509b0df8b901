import { describe, expect, it } from '@jest/globals';
import { openWatchQueue } from '../../../src/datasources/log/watch-queue.datasource.js';
import {
  DAY_MS,
  done,
  HOLD_MS,
  MAX_RETRY_AFTER_MS,
  toRef,
  useWatchQueue,
} from './watch-queue-harness.js';

const {
  database,
  log,
  clock,
  queue,
  reopen,
  pass,
  setDatabaseClock,
  begin,
  observed,
  failed,
  claim,
} = useWatchQueue();

it('reports the time of the next poll consistently, though clocks have different resolutions', async () => {
  const inWholeMs: typeof clock = { ...clock, now: () => Math.floor(clock.now()) };
  await reopen(inWholeMs);
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
    await reopen();
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
