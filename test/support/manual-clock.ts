import type { Clock } from '../../src/ingestion/ports.js';

/** A clock that stands still until it is told how far to go. */
export interface ManualClock extends Clock {
  /** Go forward, running what falls due in its order; what the tasks awaken has run when this resolves. */
  advance(ms: number): Promise<void>;
  /** How many tasks are waiting. */
  readonly pendingCount: number;
}

interface Scheduled {
  readonly at: number;
  readonly task: () => void;
}

/** @param startsAt - in ms since the epoch */
export function createManualClock(startsAt = Date.parse('2026-01-01T00:00:00Z')): ManualClock {
  let now = startsAt;
  const scheduled = new Set<Scheduled>();

  function nextDue(until: number): Scheduled | null {
    let next: Scheduled | null = null;
    for (const item of scheduled) if (item.at <= until && (!next || item.at < next.at)) next = item;
    return next;
  }

  return {
    now: () => now,
    schedule(delayMs, task) {
      const item = { at: now + delayMs, task };
      scheduled.add(item);
      return () => scheduled.delete(item);
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

/** Let every promise that can go on do so: all of them have by the time the event loop turns. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
