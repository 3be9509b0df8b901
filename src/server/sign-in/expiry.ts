import type { Clock } from '../../ingestion/ports.js';

/**
 * So often the wall clock is looked at, in ms: by so much at most what expired is noticed late where that clock was
 * set forward, or the machine slept.
 */
const LOOK_MS = 30_000;

/**
 * Run a task once an instant has come, or as much time has passed as there was until then: whichever is first, so
 * that a clock that is set back prolongs nothing.
 *
 * @param at - in ms since the epoch; null for never
 * @returns calls it off
 */
export function onceExpired(clock: Clock, at: number | null, task: () => void): () => void {
  if (at === null) return () => {};
  const endsMs = clock.monotonicMs() + at - clock.now();
  let callOff = () => {};
  const step = () => {
    const remainingMs = Math.min(at - clock.now(), endsMs - clock.monotonicMs());
    if (remainingMs <= 0) task();
    else callOff = clock.schedule(Math.min(remainingMs, LOOK_MS), step);
  };
  step();
  return () => callOff();
}
