import { describe, expect, it } from '@jest/globals';
import { toRef, useWatchQueue } from './watch-queue-harness.js';

const { clock, queue, pass, begin, observed, failed } = useWatchQueue();

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
