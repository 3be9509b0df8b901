import { once } from 'node:events';
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
        const waiter = { dueAt: now + delayMs, resolve };
        const leave = () => {
          waiters = waiters.filter((other) => other !== waiter);
          reject(signal.reason);
        };
        signal.addEventListener('abort', leave, { once: true });
        waiters.push(waiter);
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

/** Longer waits are the scheduler's, from one run to the next. */
const LONGEST_SKIPPED_MS = 60_000;

/** A clock on which a run's waits are over at once, having taken their time. Longer ones never end. */
export function createSkippingClock(): Clock {
  let now = 1_000_000;
  return {
    now: () => now,
    async wait(delayMs, signal) {
      signal.throwIfAborted();
      if (delayMs <= LONGEST_SKIPPED_MS) now += delayMs;
      else await once(signal, 'abort');
      signal.throwIfAborted();
    },
  };
}
