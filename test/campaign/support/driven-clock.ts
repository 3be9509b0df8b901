import { type Clock, systemClock } from '../../../src/adobe/clock.js';

/** A clock that stands still until it is told to go on. */
export interface DrivenClock extends Clock {
  advance(byMs: number): void;
  /** From now on every wait is over at once. */
  runFreely(): void;
  /** Resolves as soon as somebody waits for the time to pass. */
  waitedFor(): Promise<void>;
}

interface Waiter {
  readonly dueAt: number;
  readonly resolve: () => void;
}

/** @param startsAt - in ms since the epoch */
export function createDrivenClock(startsAt = 1_000_000): DrivenClock {
  let now = startsAt;
  let waiters: Waiter[] = [];
  let onWaiter: (() => void)[] = [];
  let isFree = false;

  function advance(byMs: number): void {
    now += byMs;
    const due = waiters.filter(({ dueAt }) => dueAt <= now);
    waiters = waiters.filter(({ dueAt }) => dueAt > now);
    for (const { resolve } of due) resolve();
  }

  return {
    now: () => now,
    monotonicMs: () => now,
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
        if (isFree) return advance(delayMs);
        for (const tell of onWaiter.splice(0)) tell();
      }),
    advance,
    runFreely() {
      isFree = true;
      for (const { dueAt } of waiters) advance(Math.max(dueAt - now, 0));
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
  let now = 1_800_000_000_000;
  return {
    now: () => now,
    monotonicMs: () => now,
    async wait(delayMs, signal) {
      signal.throwIfAborted();
      now += delayMs;
    },
  };
}

/** The machine's time, so many times as fast. */
export function createHurriedClock(times: number): Clock {
  return {
    now: () => systemClock.now() * times,
    monotonicMs: () => systemClock.monotonicMs() * times,
    wait: (delayMs, signal) => systemClock.wait(delayMs / times, signal),
  };
}
