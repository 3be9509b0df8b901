import type { Clock } from '../../adobe/clock.js';

/** How many calls may be made; null for any number. */
export interface UsageLimits {
  /** In any second, and at once. */
  readonly maxCallsPerSecond: number | null;
  /** From midnight to midnight, UTC. */
  readonly maxCallsPerDay: number | null;
}

/** Whether a call may be made, or in how many seconds it may. */
export type Usage =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'tooMany' | 'usedUp'; readonly retryAfterS: number };

const DAY_MS = 24 * 60 * 60_000;

/**
 * Create a counter of calls. Each second adds as many calls as it may have, and unused ones are kept for a second.
 *
 * @returns a function that counts one more call
 */
export function createUsageCounter(limits: UsageLimits, clock: Clock): () => Usage {
  const { maxCallsPerSecond: perSecond, maxCallsPerDay: perDay } = limits;
  /** When the calls made so far would end at the highest rate; by the monotonic clock. */
  let doneMs = Number.NEGATIVE_INFINITY;
  let day = 0;
  let callsToday = 0;

  return () => {
    if (perDay !== null) {
      const now = clock.now();
      const today = Math.floor(now / DAY_MS);
      if (today !== day) [day, callsToday] = [today, 0];
      if (callsToday >= perDay) {
        return { kind: 'usedUp', retryAfterS: Math.ceil(((today + 1) * DAY_MS - now) / 1_000) };
      }
    }
    if (perSecond !== null) {
      const nowMs = clock.monotonicMs();
      const nextDoneMs = Math.max(doneMs, nowMs) + 1_000 / perSecond;
      const earlyByMs = nextDoneMs - nowMs - 1_000;
      if (earlyByMs > EARLY_BY_MS) {
        return { kind: 'tooMany', retryAfterS: Math.ceil(earlyByMs / 1_000) };
      }
      doneMs = nextDoneMs;
    }
    callsToday += 1;
    return { kind: 'allowed' };
  };
}

/** Sums of fractions are not exact. */
const EARLY_BY_MS = 1e-3;
