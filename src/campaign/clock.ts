import { setTimeout as delay } from 'node:timers/promises';

/** Time, so that tests can drive it. */
export interface Clock {
  /** In ms since the epoch; never goes back. */
  now(): number;
  /**
   * Resolves after `delayMs`.
   *
   * @throws the abort's error as soon as `signal` is aborted
   */
  wait(delayMs: number, signal: AbortSignal): Promise<void>;
}

/** The machine's time. Built on the monotonic clock: a corrected wall clock must not stall a run. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  wait: (delayMs, signal) => delay(delayMs, undefined, { signal }),
};
