import type { Clock } from '../../../src/campaign/clock.js';

/** A clock that stands still until it is told to go on. */
export interface DrivenClock extends Clock {
  advance(byMs: number): void;
  /** Resolves as soon as somebody waits for the time to pass. */
  waitedFor(): Promise<void>;
}

interface Waiter {
  readonly dueAt: number;
  readonly resolve: () => void;
}

export function createDrivenClock(): DrivenClock {
  let now = 1_000_000;
  let waiters: Waiter[] = [];
  let onWaiter: (() => void)[] = [];

  return {
    now: () => now,
    wait: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        waiters.push({ dueAt: now + delayMs, resolve });
        for (const tell of onWaiter.splice(0)) tell();
      }),
    advance(byMs) {
      now += byMs;
      const due = waiters.filter(({ dueAt }) => dueAt <= now);
      waiters = waiters.filter(({ dueAt }) => dueAt > now);
      for (const { resolve } of due) resolve();
    },
    waitedFor() {
      if (waiters.length > 0) return Promise.resolve();
      return new Promise((resolve) => {
        onWaiter = [...onWaiter, resolve];
      });
    },
  };
}

/** A clock on which every wait is over at once, having taken its time. */
export function createSkippingClock(): Clock {
  let now = 1_000_000;
  return {
    now: () => now,
    async wait(delayMs, signal) {
      signal.throwIfAborted();
      now += delayMs;
    },
  };
}
