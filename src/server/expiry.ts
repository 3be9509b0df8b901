import type { Clock } from '../ingestion/ports.js';

/** Timers count no further than some 24 days, and know nothing of a machine that slept or a clock that was set. */
const MAX_STEP_MS = 3_600_000;

/**
 * Run a task once an instant has come.
 *
 * @param at - in ms since the epoch; null for never
 * @returns calls it off
 */
export function onceExpired(clock: Clock, at: number | null, task: () => void): () => void {
  if (at === null) return () => {};
  let callOff: () => void;
  const step = () => {
    const remainingMs = at - clock.now();
    if (remainingMs <= 0) task();
    else callOff = clock.schedule(Math.min(remainingMs, MAX_STEP_MS), step);
  };
  callOff = () => {};
  step();
  return () => callOff();
}
