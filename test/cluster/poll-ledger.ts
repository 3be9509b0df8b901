import type { Life } from '../crash/busy-upstream.js';

/** A request, and whether a gateway began it: of any other the first poll is the one that tells that it is there. */
export interface PolledLife extends Life {
  readonly isStartedHere: boolean;
}

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
 * there are intervals in its life, put off by half of one. A request that a gateway did not begin is polled once
 * more, at its begin.
 *
 * @param pollsAt - when each poll arrived
 */
export function comparePolls(
  pollsAt: readonly number[],
  lives: Iterable<PolledLife>,
  spans: readonly QuietSpan[],
  intervalMs: number,
): PollFigures {
  const polls = pollsAt.filter((at) =>
    spans.some(({ fromAt, toAt }) => at >= fromAt && at < toAt),
  ).length;
  let neededMs = 0;
  for (const { begunAt, endsAt, isStartedHere } of lives) {
    const first = begunAt + (isStartedHere ? 0.5 : -0.5) * intervalMs;
    const last = (endsAt ?? begunAt) + intervalMs / 2;
    for (const { fromAt, toAt } of spans) {
      neededMs += Math.max(0, Math.min(last, toAt) - Math.max(first, fromAt));
    }
  }
  return { polls, needed: Math.round(neededMs / intervalMs) };
}
