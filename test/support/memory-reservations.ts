import type { CallReservations } from '../../src/datasources/replicas/call-reservations.datasource.js';
import type { ManualClock } from './manual-clock.js';

/** Reservations as the database gives them, in memory and by the test’s clock. */
export function createMemoryReservations(clock: ManualClock, maxRps: number) {
  let nextAt = clock.now();
  let pausedUntil = clock.now();
  const reserved: number[] = [];
  const reservations: CallReservations = {
    async reserve(count) {
      const firstAt = Math.max(nextAt, pausedUntil, clock.now());
      nextAt = firstAt + (count / maxRps) * 1000;
      reserved.push(count);
      return firstAt - clock.now();
    },
    async pause(delayMs) {
      pausedUntil = Math.max(pausedUntil, clock.now() + delayMs);
    },
  };
  return { reservations, reserved };
}
