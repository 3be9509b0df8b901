import type { Clock } from '../../ingestion/ports.js';
import type { CallBudget } from './call-budget.js';

/** The first hold for an answer that does not say how long to wait, in ms. Limits are mostly by the second. */
const FIRST_HOLD_MS = 1_000;

/** No such hold is longer, in ms. */
const MAX_HOLD_MS = 30_000;

/** Holds the calls of all for an upstream that says that it gets too many. */
export interface Slowdown {
  /** It said so. @param retryAfterMs - how long it wants to be left alone, if it says that */
  refused(retryAfterMs: number | undefined): void;
  /** It answered a call. */
  answered(): void;
}

/**
 * Create it. Where the upstream names no time, each hold in a row is twice as long as the one before. What is
 * answered during a hold was sent before it, and changes nothing.
 */
export function createSlowdown(clock: Clock, budget: Pick<CallBudget, 'hold'>): Slowdown {
  let nextMs = FIRST_HOLD_MS;
  let heldUntil = Number.NEGATIVE_INFINITY;

  return {
    refused(retryAfterMs) {
      const isHeld = clock.monotonicMs() < heldUntil;
      if (retryAfterMs === undefined && isHeld) return;
      const delayMs = retryAfterMs ?? nextMs;
      if (!isHeld) nextMs = Math.min(nextMs * 2, MAX_HOLD_MS);
      heldUntil = Math.max(heldUntil, clock.monotonicMs() + delayMs);
      budget.hold(delayMs);
    },
    answered() {
      if (clock.monotonicMs() >= heldUntil) nextMs = FIRST_HOLD_MS;
    },
  };
}
