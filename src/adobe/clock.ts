import { setTimeout as delay } from 'node:timers/promises';

/** Time, so that tests can drive it. */
export interface Clock {
  /** Wall time, in ms since the epoch: to show, to store, or to compare with other machines' stamps. It may jump. */
  now(): number;
  /** In ms since some moment. It never goes back and never jumps, so use it for all measuring. */
  monotonicMs(): number;
  /**
   * Resolves after `delayMs`.
   *
   * @throws the abort's error as soon as `signal` is aborted
   */
  wait(delayMs: number, signal: AbortSignal): Promise<void>;
}

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  wait: (delayMs, signal) => delay(delayMs, undefined, { signal }),
};
