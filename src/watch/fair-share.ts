import type { Census } from '../ingestion/replica-ports.js';

/** What a replica is to do so that all have about as many watches. */
export type ShareMove =
  | { readonly kind: 'take' | 'giveBack'; readonly count: number }
  | { readonly kind: 'stay' };

/** A replica gives back only what is above its share by more than this, so that watches do not wander. */
const SLACK_SHARE = 0.1;
const MIN_SLACK_ITEMS = 2;

/** At most so much of what is held is given back at a time, so that never many are nobody's. */
const GIVEN_BACK_SHARE = 0.25;

/**
 * Decide how many watches to take or to give back.
 *
 * The share of each living replica is the same, rounded up, so that all shares together are enough for all
 * watches. What is free is taken up to it; what is above it stays, unless it is well above it.
 */
export function toShareMove({ livingCount, watchCount, heldCount, freeCount }: Census): ShareMove {
  const share = Math.ceil(watchCount / Math.max(1, livingCount));
  const excess = heldCount - share;
  if (excess > Math.max(MIN_SLACK_ITEMS, share * SLACK_SHARE)) {
    return { kind: 'giveBack', count: Math.min(excess, Math.ceil(heldCount * GIVEN_BACK_SHARE)) };
  }
  const count = Math.min(freeCount, -excess);
  return count > 0 ? { kind: 'take', count } : { kind: 'stay' };
}
