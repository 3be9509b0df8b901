import { setTimeout as delay } from 'node:timers/promises';

/** Time, so that tests can drive it. */
export interface Clock {
  /** In ms since the epoch. */
  now(): number;
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
  wait: (delayMs, signal) => delay(delayMs, undefined, { signal }),
};
