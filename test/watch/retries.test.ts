import { describe, expect, it } from '@jest/globals';
import { createManualClock } from '../support/manual-clock.js';
import { busy, down, mappingId, taken, useRetries } from './retries-harness.js';

const { opened, clock, calls, answers, told, createSubject, abortOne, pass, nextTry } =
  useRetries();

describe('retries', () => {
  it('waits before each submission, longer each time, up to five minutes, and gives up after an hour', async () => {
    await abortOne();
    const retries = createSubject();
    await retries.readLog();
    do await nextTry();
    while (told.at(-1) === 'notTaken');
    const gaps = calls.map((at, index) => at - (calls[index - 1] ?? 0));
    expect(gaps.slice(0, 7)).toEqual([5_000, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000]);
    expect(new Set(gaps.slice(7))).toEqual(new Set([300_000]));
    expect(told.at(-1)).toBe('abandoned');
    expect(calls.at(-1)).toBeGreaterThanOrEqual(3_600_000);
    expect(calls.at(-2)).toBeLessThan(3_600_000);
    await retries.stop();
    expect(await opened.starts.waitingRetries(0, 0)).toEqual([]);
    expect(clock.pendingCount).toBe(0);
  });

  it('waits as long as the upstream requests', async () => {
    await abortOne();
    answers.push(busy, taken);
    const retries = createSubject();
    await retries.readLog();
    await nextTry();
    await nextTry();
    expect(calls).toEqual([5_000, 605_000]);
    expect(told).toEqual(['notTaken', 'taken']);
    await retries.stop();
  });

  it('submits overdue retries immediately, even after more than an hour', async () => {
    await abortOne();
    await pass(10_000_000);
    answers.push(taken);
    const retries = createSubject();
    await retries.readLog();
    await nextTry();
    expect(calls).toEqual([10_000_000]);
    await retries.stop();
  });

  it('waits no longer than by its own clock when another process’s clock is ahead', async () => {
    const ahead = createManualClock();
    await ahead.advance(3_600_000);
    await abortOne(ahead);
    answers.push(taken);
    const retries = createSubject();
    await retries.readLog();
    await nextTry();
    expect(calls).toEqual([5_000]);
    await retries.stop();
  });

  it('are sent when due, whoever postponed them, and no sooner when another is added', async () => {
    await abortOne();
    answers.push(down, busy, taken);
    const first = createSubject();
    await first.readLog();
    await nextTry();
    const newcomer = createSubject();
    await newcomer.readLog();
    // Both planned it for the same time; one sends it.
    expect(clock.pendingMs().map((ms) => Math.ceil(ms / 1_000))).toEqual([5, 5]);
    await nextTry();
    expect(calls.map((ms) => Math.round(ms / 1_000))).toEqual([5, 10]);
    await Promise.all([first.stop(), newcomer.stop()]);
    const last = createSubject();
    await last.readLog();
    await nextTry();
    expect(calls.map((ms) => Math.round(ms / 1_000))).toEqual([5, 10, 610]);
    expect(told.at(-1)).toBe('taken');
    await last.stop();
  });

  it('reads new retries once for all concurrent looks', async () => {
    const { waitingRetries } = opened.starts;
    const reads: number[] = [];
    Object.assign(opened.starts, {
      waitingRetries: async (newerThan: number, withinMs: number) => {
        const found = await waitingRetries(newerThan, withinMs);
        reads.push(found.length);
        return found;
      },
    });
    const retries = createSubject();
    for (const requestId of ['1', '2', '3']) {
      const start = { mappingId, retryOnAbort: 1, caller: null, idempotencyKey: null };
      const { intent } = await opened.starts.begin({ ...start, createdAt: clock.now() }, 'first');
      const answer = { intentId: intent.intentId, kind: 'submitted', message: '' } as const;
      const seen = { status: 'ABORTED', info: '', batchId: null } as const;
      const observedAt = clock.now();
      await opened.log.append({ ref: { mappingId, requestId }, seen, observedAt, answers: answer });
      await Promise.all(Array.from({ length: 20 }, () => retries.readLog()));
    }
    expect(reads).toEqual([1, 1, 1]);
    expect(clock.pendingCount).toBe(3);
    await retries.stop();
  });

  it('submits nothing once it is stopped', async () => {
    await abortOne();
    const retries = createSubject();
    await retries.readLog();
    await retries.stop();
    await retries.readLog();
    expect(clock.pendingCount).toBe(0);
    await pass(100_000);
    expect(calls).toEqual([]);
    expect(await opened.starts.waitingRetries(0, 0)).toHaveLength(1);
  });
});
