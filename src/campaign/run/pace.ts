import type { Clock } from '../../adobe/clock.js';

/** Records may go this early: a timer does not count less. */
const SHORTEST_WAIT_MS = 10;

/** A run that was held up longer than this does not make up for the rest of it in one burst. */
const LONGEST_CATCH_UP_MS = 1_000;

/** Lets records through at a rate. */
export interface Pace {
  /**
   * Note that so many records go, and resolve when the next ones may.
   *
   * @throws the abort's error as soon as the run's signal is aborted
   */
  release(records: number): Promise<void>;
}

/**
 * Build the pace of one run. Each wait is reckoned from the start of the run, not from the one before it, so
 * that late timers do not add up.
 *
 * @param signal - aborts the waits
 */
export function createPace(recordsPerSecond: number, clock: Clock, signal: AbortSignal): Pace {
  let originAt = clock.monotonicMs();
  let released = 0;

  return {
    async release(records) {
      released += records;
      const now = clock.monotonicMs();
      const earlyByMs = originAt + (released * 1_000) / recordsPerSecond - now;
      if (earlyByMs < -LONGEST_CATCH_UP_MS) originAt -= earlyByMs + LONGEST_CATCH_UP_MS;
      if (earlyByMs >= SHORTEST_WAIT_MS) await clock.wait(earlyByMs, signal);
      else signal.throwIfAborted();
    },
  };
}
