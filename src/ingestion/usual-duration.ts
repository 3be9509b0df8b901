/** How long the runs of a mapping usually take. */
export interface UsualDuration {
  /** From so many runs. */
  readonly runs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** Fewer say nothing of what is usual. */
const MIN_RUNS = 5;

/** @returns null where too few are known */
export function toUsualDuration(durationsMs: readonly number[]): UsualDuration | null {
  if (durationsMs.length < MIN_RUNS) return null;
  const sorted = [...durationsMs].sort((a, b) => a - b);
  // Nearest rank: a duration that there was.
  const quantile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { runs: sorted.length, p50Ms: quantile(0.5), p95Ms: quantile(0.95) };
}
