import type { Clock } from '../../src/ingestion/ports.js';

/** A clock that stands still until it is told otherwise. */
export interface ManualClock extends Clock {
  /** Let time pass, in ms: each task that falls due meanwhile runs at its own instant, in order. */
  advance(byMs: number): void;
  /** Delays of the tasks that are waiting, in ms from now, soonest first. */
  pendingMs(): number[];
  /** Resolves once so many tasks are waiting whose delay from now is in `[fromMs, toMs]`. */
  scheduled(fromMs: number, toMs: number, count?: number): Promise<void>;
}

/** @param startsAt - in ms since the epoch */
export function createManualClock(startsAt = Date.UTC(2026, 0, 1)): ManualClock {
  let now = startsAt;
  const tasks = new Set<{ at: number; run: () => void }>();
  const waiters = new Set<() => void>();
  const sorted = () => [...tasks].sort((a, b) => a.at - b.at);
  const pendingMs = () => sorted().map(({ at }) => at - now);

  return {
    now: () => now,
    schedule(delayMs, run) {
      const task = { at: now + delayMs, run };
      tasks.add(task);
      for (const waiter of waiters) waiter();
      return () => tasks.delete(task);
    },
    advance(byMs) {
      const until = now + byMs;
      for (let next = sorted()[0]; next && next.at <= until; next = sorted()[0]) {
        now = Math.max(now, next.at);
        tasks.delete(next);
        next.run();
      }
      now = until;
    },
    pendingMs,
    scheduled(fromMs, toMs, count = 1) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        const due = pendingMs().filter((delayMs) => delayMs >= fromMs && delayMs <= toMs);
        if (due.length < count) return;
        waiters.delete(look);
        resolve();
      };
      waiters.add(look);
      look();
      return promise;
    },
  };
}
