import type { Clock } from '../../adobe/clock.js';

/** How early records may go, because a timer can't count less. */
const SHORTEST_WAIT_MS = 10;

/** A run that was delayed for longer does not make up for the rest in one burst. */
const LONGEST_CATCH_UP_MS = 1_000;

/** Lets records through at a rate. */
export type Pace = ReturnType<typeof createPace>;

/**
 * Create the pace of one run. Each wait is measured from the start of the run, not from the previous wait, so that
 * late timers don't add up.
 *
 * @param signal - cancels the waits
 */
export function createPace(recordsPerSecond: number, clock: Clock, signal: AbortSignal) {
  let originAt = clock.monotonicMs();
  let released = 0;

  return {
    /**
     * Note that this many records go, and resolve when the next ones may.
     *
     * @throws the abort's error as soon as the run's signal is aborted
     */
    async release(records: number): Promise<void> {
      released += records;
      const now = clock.monotonicMs();
      const earlyByMs = originAt + (released * 1_000) / recordsPerSecond - now;
      if (earlyByMs < -LONGEST_CATCH_UP_MS) originAt -= earlyByMs + LONGEST_CATCH_UP_MS;
      if (earlyByMs >= SHORTEST_WAIT_MS) await clock.wait(earlyByMs, signal);
      else signal.throwIfAborted();
    },
  };
}
