/** The bounds of the delay between two polls of one request. */
export interface PollPlan {
  readonly minMs: number;
  readonly maxMs: number;
  /** Of all requests together: where there are too many of them, each is polled more seldom. */
  readonly maxPollsPerSecond: number;
}

/** What the delay before a request's next poll depends on. */
export interface PollHistory {
  /** Since the request was first observed. */
  readonly ageMs: number;
  readonly consecutiveFailures: number;
  /** How many requests are being watched, this one among them. */
  readonly watchCount: number;
  /** How long the upstream asked to be left alone, if the last poll was answered so. */
  readonly retryAfterMs?: number | undefined;
}

/** A poll may come as late as a tenth of the request's age: a change is noticed 5 % late on average. */
const AGE_SHARE = 0.1;

/** Spread around the planned delay, so that requests started together do not stay in step. */
const JITTER = 0.2;

/**
 * The delay before the next poll, in ms.
 *
 * It grows with the request's age, so that a short run is seen closely and a long one cheaply, and doubles
 * with each failed poll in a row. Always within the plan's bounds, unless the upstream asked for longer, or so
 * many are watched that the polls of all would be more than the plan allows: then it is each one's share.
 *
 * @param random - gives a number in [0, 1)
 */
export function toPollDelayMs(plan: PollPlan, history: PollHistory, random: () => number): number {
  const byAge = history.ageMs * AGE_SHARE;
  // 2^30 is far past any maximum and keeps the product finite.
  const byFailures =
    history.consecutiveFailures === 0
      ? 0
      : plan.minMs * 2 ** Math.min(history.consecutiveFailures, 30);
  const byCrowd = (history.watchCount / plan.maxPollsPerSecond) * 1000;
  const base = Math.max(clamp(Math.max(byAge, byFailures), plan.minMs, plan.maxMs), byCrowd);
  const low = Math.max(plan.minMs, base * (1 - JITTER));
  const high = Math.min(Math.max(plan.maxMs, byCrowd * (1 + JITTER)), base * (1 + JITTER));
  const delayMs = low + random() * (high - low);
  // Spread after the time that was named, never before it.
  const retryMs = (history.retryAfterMs ?? 0) * (1 + random() * JITTER);
  return Math.round(Math.max(delayMs, retryMs));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
