import { type Clock, systemClock } from '../../src/adobe/clock.js';

/** The machine's time, except for long waits, which end when a test says so. */
export interface HeldClock extends Clock {
  /** From now on, runs do not wait. */
  freeRuns(): void;
  /** From now on, runs wait again. */
  holdRuns(): void;
  /** From now on, calls do not wait for {@link HELD_CALL_MS}. */
  letCallsGo(): void;
  /** From now on, calls wait again. */
  holdCalls(): void;
}

/** The delay of a call that waits until it is released. */
export const HELD_CALL_MS = 600_000;

/** Shorter waits are polls and delayed calls, and take their time; longer ones are slow runs. */
const LONG_MS = 10_000;

/** Released runs keep asking whether their batch is accepted, but leave time for other work. */
const FREE_MS = 10;

/** Create a clock that holds all runs. */
export function createHeldClock(): HeldClock {
  let runs = Promise.withResolvers<void>();
  let calls = Promise.withResolvers<void>();
  let areRunsFree = false;

  function endOf(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs === HELD_CALL_MS) return calls.promise;
    if (areRunsFree) return systemClock.wait(Math.min(delayMs, FREE_MS), signal);
    return delayMs < LONG_MS ? systemClock.wait(delayMs, signal) : runs.promise;
  }

  return {
    now: systemClock.now,
    monotonicMs: systemClock.monotonicMs,
    async wait(delayMs, signal) {
      signal.throwIfAborted();
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await Promise.race([endOf(delayMs, signal), aborted.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    freeRuns() {
      areRunsFree = true;
      runs.resolve();
    },
    holdRuns() {
      areRunsFree = false;
      runs = Promise.withResolvers();
    },
    letCallsGo: () => calls.resolve(),
    holdCalls() {
      calls = Promise.withResolvers();
    },
  };
}
