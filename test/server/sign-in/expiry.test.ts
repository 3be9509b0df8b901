import { describe, expect, it } from '@jest/globals';
import { onceExpired } from '../../../src/server/sign-in/expiry.js';
import { createManualClock } from '../../support/manual-clock.js';

const DAY_MS = 86_400_000;

describe('onceExpired', () => {
  it.each([1, 1_000, 100 * DAY_MS])('calls the task once at an instant %d ms away', async (ms) => {
    const clock = createManualClock();
    let toldCount = 0;
    onceExpired(clock, clock.now() + ms, () => {
      toldCount += 1;
    });
    // A timer of more than 2^31-1 ms would run at once.
    expect(Math.max(...clock.pendingMs())).toBeLessThan(2 ** 31);
    await clock.advance(ms - 1);
    expect(toldCount).toBe(0);
    await clock.advance(1);
    expect(toldCount).toBe(1);
    expect(clock.pendingCount).toBe(0);
  });

  it.each([3_600_000, DAY_MS])(
    'soon calls the task of an instant that passes when the clock is set forward by %d ms',
    async (ms) => {
      const clock = createManualClock();
      let isTold = false;
      onceExpired(clock, clock.now() + ms, () => {
        isTold = true;
      });
      await clock.advance(60_000);
      clock.jump(ms);
      await clock.advance(30_000);
      expect(isTold).toBe(true);
    },
  );

  it.each([3_600_000, DAY_MS])(
    'calls the task no later when the clock is set back by %d ms',
    async (ms) => {
      const clock = createManualClock();
      let isTold = false;
      onceExpired(clock, clock.now() + 600_000, () => {
        isTold = true;
      });
      await clock.advance(60_000);
      clock.jump(-ms);
      await clock.advance(539_999);
      expect(isTold).toBe(false);
      await clock.advance(1);
      expect(isTold).toBe(true);
    },
  );

  it('calls the task immediately for an instant in the past', () => {
    const clock = createManualClock();
    let isTold = false;
    onceExpired(clock, clock.now(), () => {
      isTold = true;
    });
    expect(isTold).toBe(true);
  });

  it('never calls the task without an instant, or after cancellation', async () => {
    const clock = createManualClock();
    onceExpired(clock, null, () => {
      throw new Error('There is no such instant.');
    });
    expect(clock.pendingCount).toBe(0);
    const cancel = onceExpired(clock, clock.now() + DAY_MS, () => {
      throw new Error('It was called off.');
    });
    await clock.advance(DAY_MS / 2);
    cancel();
    expect(clock.pendingCount).toBe(0);
  });
});
