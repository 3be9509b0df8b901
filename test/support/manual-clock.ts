import type { Clock } from '../../src/ingestion/ports.js';

/** A clock that advances only when told to. */
export interface ManualClock extends Clock {
  /** Set the wall clock, as an operator or NTP does: forward, or back if negative. No time passes. */
  jump(ms: number): void;
  /** Advance, running due tasks in their order; resolves once what they started has run. */
  advance(ms: number): Promise<void>;
  /** The number of waiting tasks. */
  readonly pendingCount: number;
  /** Delays of the waiting tasks, in ms from now, soonest first. */
  pendingMs(): number[];
  /** Resolves once so many tasks are waiting whose delay from now is in `[fromMs, toMs]`. */
  scheduled(fromMs: number, toMs: number, count?: number): Promise<void>;
}

interface Scheduled {
  readonly at: number;
  readonly task: () => void;
}

/** @param startsAt - in ms since the epoch */
export function createManualClock(startsAt = Date.parse('2026-01-01T00:00:00Z')): ManualClock {
  let now = 0;
  let wallOffset = startsAt;
  const scheduled = new Set<Scheduled>();
  const lookers = new Set<() => void>();

  function nextDue(until: number): Scheduled | null {
    let next: Scheduled | null = null;
    for (const item of scheduled) if (item.at <= until && (!next || item.at < next.at)) next = item;
    return next;
  }

  function pendingMs(): number[] {
    return [...scheduled].map(({ at }) => at - now).sort((a, b) => a - b);
  }

  return {
    now: () => wallOffset + now,
    monotonicMs: () => now,
    jump(ms) {
      wallOffset += ms;
    },
    schedule(delayMs, task) {
      const item = { at: now + delayMs, task };
      scheduled.add(item);
      for (const look of lookers) look();
      return () => scheduled.delete(item);
    },
    pendingMs,
    scheduled(fromMs, toMs, count = 1) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        const due = pendingMs().filter((delayMs) => delayMs >= fromMs && delayMs <= toMs);
        if (due.length < count) return;
        lookers.delete(look);
        resolve();
      };
      lookers.add(look);
      look();
      return promise;
    },
    get pendingCount() {
      return scheduled.size;
    },
    async advance(ms) {
      const until = now + ms;
      for (let due = nextDue(until); due; due = nextDue(until)) {
        scheduled.delete(due);
        now = due.at;
        due.task();
        await settle();
      }
      now = until;
      await settle();
    },
  };
}

/** Let every promise continue that can, until the event loop turns. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
