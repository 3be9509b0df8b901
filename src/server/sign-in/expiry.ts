import type { Clock } from '../../ingestion/ports.js';

/**
 * How often the wall clock is checked, in ms. If that clock was set forward or the machine slept, an expiry is
 * noticed at most this late.
 */
const LOOK_MS = 30_000;

/** One for all that never expire: a closure here would keep the task of each. */
const nothingToCancel = () => {};

/**
 * Run a task once an instant has come, or once as much time has passed as was left until then, whichever is first. So
 * setting the clock back prolongs nothing.
 *
 * @param at - in ms since the epoch; null for never
 * @returns cancels it
 */
export function onceExpired(clock: Clock, at: number | null, task: () => void): () => void {
  if (at === null) return nothingToCancel;
  const endsMs = clock.monotonicMs() + at - clock.now();
  let cancelTimer = () => {};
  const step = () => {
    const remainingMs = Math.min(at - clock.now(), endsMs - clock.monotonicMs());
    if (remainingMs <= 0) task();
    else cancelTimer = clock.schedule(Math.min(remainingMs, LOOK_MS), step);
  };
  step();
  return () => cancelTimer();
}
