import type { RunModel } from './run-model.js';

/** When to poll: the bounds of the delay between two polls of one request, and their price. */
export interface PollPlan {
  readonly minMs: number;
  readonly maxMs: number;
  /** The price of a poll, in ms of lag. A poll is sent when it saves at least as much. */
  readonly pollPriceMs: number;
}

/** What determines the delay before a request's next poll. */
export interface PollHistory {
  /** How long runs like this one last. */
  readonly runs: RunModel;
  /** The time since the request was started or first observed. */
  readonly ageMs: number;
  /** Whether somebody waits for its end: has subscribed to it or asked about it recently. */
  readonly isAwaited: boolean;
  readonly consecutiveFailures: number;
}

/** The lag of a request that somebody waits for counts this many times. */
const AWAITED_WEIGHT = 4;

/** The spread around the planned delay, so that requests started together don't stay in step. */
const JITTER = 0.05;

/**
 * The delay before the next poll if polls are not scarce, in ms.
 *
 * Short when runs like this one tend to end, long when they seldom do; doubled with each consecutive failed poll.
 * Always within the plan's bounds.
 *
 * @param random - returns a number in [0, 1)
 * @see docs/adr/0031-polls-come-when-something-happened.md
 */
export function toPollDelayMs(plan: PollPlan, history: PollHistory, random: () => number): number {
  const { runs, ageMs, isAwaited, consecutiveFailures } = history;
  const weight = isAwaited ? AWAITED_WEIGHT : 1;
  const step = Math.sqrt((2 * plan.pollPriceMs) / weight);
  const gapMs = runs.ageAt(runs.worth(ageMs) + step) - ageMs;
  // 2^30 is far beyond any maximum and keeps the product finite.
  const byFailures =
    consecutiveFailures === 0 ? 0 : plan.minMs * 2 ** Math.min(consecutiveFailures, 30);
  const base = Math.max(gapMs, byFailures) * (1 + (random() * 2 - 1) * JITTER);
  return Math.round(Math.min(Math.max(base, plan.minMs), plan.maxMs));
}
