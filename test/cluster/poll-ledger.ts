import type { Life } from '../crash/busy-upstream.js';

/** A span of time in which nothing was disturbed; in ms since the epoch. */
export interface QuietSpan {
  readonly fromAt: number;
  readonly toAt: number;
}

/** How many polls arrived in some spans, and how many one gateway alone would have sent. */
export interface PollFigures {
  readonly polls: number;
  readonly needed: number;
}

/**
 * Compare the polls that arrived in quiet spans with those of one gateway alone, which are known from the plan:
 * with an interval that is the same for all, a request that is watched from its begin is polled once in each,
 * until one poll finds it over. That is half an interval behind its end on average, so its polls are as many as
 * there are intervals in its life, put off by half of one.
 *
 * @param pollsAt - when each poll arrived
 */
export function comparePolls(
  pollsAt: readonly number[],
  lives: Iterable<Life>,
  spans: readonly QuietSpan[],
  intervalMs: number,
): PollFigures {
  const polls = pollsAt.filter((at) =>
    spans.some(({ fromAt, toAt }) => at >= fromAt && at < toAt),
  ).length;
  let neededMs = 0;
  for (const { begunAt, endsAt } of lives) {
    const first = begunAt + intervalMs / 2;
    const last = (endsAt ?? begunAt) + intervalMs / 2;
    for (const { fromAt, toAt } of spans) {
      neededMs += Math.max(0, Math.min(last, toAt) - Math.max(first, fromAt));
    }
  }
  return { polls, needed: Math.round(neededMs / intervalMs) };
}
