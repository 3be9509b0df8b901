import { describe, expect, it } from '@jest/globals';
import { createPace } from '../../../src/campaign/run/pace.js';
import { createSkippingClock } from '../support/driven-clock.js';

const never = new AbortController().signal;

describe('pace', () => {
  it.each([
    [1, 20],
    [3, 100],
    [100, 2_000],
    [1_000, 50_000],
    [30_000, 300_000],
  ])('lets %i records a second through, without drift', async (recordsPerSecond, records) => {
    const clock = createSkippingClock();
    const startedAt = clock.now();
    const pace = createPace(recordsPerSecond, clock, never);
    let worstMs = 0;
    for (let sent = 1; sent <= records; sent += 1) {
      await pace.release(1);
      const dueMs = (sent * 1_000) / recordsPerSecond;
      worstMs = Math.max(worstMs, Math.abs(clock.now() - startedAt - dueMs));
    }
    expect(worstMs).toBeLessThanOrEqual(10.001);
  });

  it('needs no timer for each record of a fast run', async () => {
    const clock = createSkippingClock();
    let waits = 0;
    const counting = {
      now: clock.now,
      monotonicMs: clock.monotonicMs,
      wait: (delayMs: number, signal: AbortSignal) => {
        waits += 1;
        return clock.wait(delayMs, signal);
      },
    };
    const pace = createPace(50_000, counting, never);
    for (let sent = 0; sent < 50_000; sent += 1) await pace.release(1);
    expect(waits).toBeLessThanOrEqual(100);
  });

  it('makes up for a short delay, but not for a long one', async () => {
    const clock = createSkippingClock();
    const pace = createPace(10, clock, never);
    await pace.release(1);
    await clock.wait(3_600_000, never);
    const resumedAt = clock.now();
    let atOnce = 0;
    for (;;) {
      await pace.release(1);
      if (clock.now() > resumedAt) break;
      atOnce += 1;
    }
    expect(atOnce).toBe(11);
  });

  it('ends with the run', async () => {
    const stopped = new AbortController();
    const pace = createPace(1_000_000, createSkippingClock(), stopped.signal);
    await pace.release(1);
    stopped.abort();
    await expect(pace.release(1)).rejects.toThrow(/abort/i);
  });
});
