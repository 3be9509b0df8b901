import type { Clock } from './clock.js';

/** A record may go this early: at high rates one timer then releases many records. */
const SHORTEST_WAIT_MS = 10;

/** A run that was held up longer than this does not make up for the rest of it in one burst. */
const LONGEST_CATCH_UP_MS = 1_000;

/** Lets records through at a rate. */
export interface Pace {
  /**
   * Resolves when the next record may go.
   *
   * @throws the abort's error as soon as the run's signal is aborted
   */
  next(): Promise<void>;
}

/**
 * Build the pace of one run. Each record's time is reckoned from the start of the run, not from the record
 * before it, so that late timers do not add up.
 *
 * @param signal - aborts the waits
 */
export function createPace(recordsPerSecond: number, clock: Clock, signal: AbortSignal): Pace {
  let originAt = clock.now();
  let released = 0;

  return {
    async next() {
      const now = clock.now();
      const earlyByMs = originAt + (released * 1_000) / recordsPerSecond - now;
      released += 1;
      if (earlyByMs < -LONGEST_CATCH_UP_MS) originAt -= earlyByMs + LONGEST_CATCH_UP_MS;
      if (earlyByMs >= SHORTEST_WAIT_MS) await clock.wait(earlyByMs, signal);
      else signal.throwIfAborted();
    },
  };
}
