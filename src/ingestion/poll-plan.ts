import type { RunModel } from './run-model.js';

/** How polls are placed: the bounds of the delay between two polls of one request, and their price. */
export interface PollPlan {
  readonly minMs: number;
  readonly maxMs: number;
  /** What a poll costs, in ms of lag: it is sent where it saves at least as much. */
  readonly pollPriceMs: number;
}

/** What the delay before a request's next poll depends on. */
export interface PollHistory {
  /** How long runs like this one last. */
  readonly runs: RunModel;
  /** Since the request was started, or first observed. */
  readonly ageMs: number;
  /** Whether somebody waits for its end: has subscribed to it, or asked lately. */
  readonly isWanted: boolean;
  readonly consecutiveFailures: number;
}

/** The lag of a request that somebody waits for counts so many times. */
const WANTED_WEIGHT = 4;

/** Spread around the planned delay, so that requests started together do not stay in step. */
const JITTER = 0.05;

/**
 * The delay before the next poll where polls are not scarce, in ms.
 *
 * Short where runs like this one tend to end, long where they seldom do; doubled with each failed poll in a
 * row. Always within the plan's bounds.
 *
 * @param random - gives a number in [0, 1)
 * @see docs/adr/0031-polls-come-when-something-happened.md
 */
export function toPollDelayMs(plan: PollPlan, history: PollHistory, random: () => number): number {
  const { runs, ageMs, isWanted, consecutiveFailures } = history;
  const weight = isWanted ? WANTED_WEIGHT : 1;
  const step = Math.sqrt((2 * plan.pollPriceMs) / weight);
  const gapMs = runs.ageAt(runs.worth(ageMs) + step) - ageMs;
  // 2^30 is far past any maximum and keeps the product finite.
  const byFailures =
    consecutiveFailures === 0 ? 0 : plan.minMs * 2 ** Math.min(consecutiveFailures, 30);
  const base = Math.max(gapMs, byFailures) * (1 + (random() * 2 - 1) * JITTER);
  return Math.round(Math.min(Math.max(base, plan.minMs), plan.maxMs));
}
