import type { Clock } from '../../ingestion/ports.js';
import type { CallBudget } from './call-budget.js';

/** The first hold for an answer that does not say how long to wait, in ms. Most limits are per second. */
const FIRST_HOLD_MS = 1_000;

/** The longest such hold, in ms. */
const MAX_HOLD_MS = 30_000;

/** Holds back all calls to an upstream that reports too many of them. */
export type Slowdown = ReturnType<typeof createSlowdown>;

/**
 * Create a slowdown. If the upstream names no time, each hold in a row is twice as long as the previous one. An
 * answer during a hold was sent before it, and changes nothing.
 */
export function createSlowdown(clock: Clock, budget: Pick<CallBudget, 'hold'>) {
  let nextMs = FIRST_HOLD_MS;
  let heldUntil = Number.NEGATIVE_INFINITY;

  return {
    /** The upstream refused a call. @param retryAfterMs - how long it asks us to wait, if it says so */
    refused(retryAfterMs: number | undefined): void {
      const isHeld = clock.monotonicMs() < heldUntil;
      if (retryAfterMs === undefined && isHeld) return;
      const delayMs = retryAfterMs ?? nextMs;
      if (!isHeld) nextMs = Math.min(nextMs * 2, MAX_HOLD_MS);
      heldUntil = Math.max(heldUntil, clock.monotonicMs() + delayMs);
      budget.hold(delayMs);
    },
    /** The upstream answered a call. */
    answered(): void {
      if (clock.monotonicMs() >= heldUntil) nextMs = FIRST_HOLD_MS;
    },
  };
}
