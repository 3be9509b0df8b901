/** How long the runs of a mapping usually take. */
export interface UsualDuration {
  /** The number of runs that this is based on. */
  readonly runs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** With fewer runs, nothing counts as usual. */
const MIN_RUNS = 5;

/** @returns null if there are too few */
export function toUsualDuration(durationsMs: readonly number[]): UsualDuration | null {
  if (durationsMs.length < MIN_RUNS) return null;
  const sorted = [...durationsMs].sort((a, b) => a - b);
  // Nearest rank: an actual duration.
  const quantile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { runs: sorted.length, p50Ms: quantile(0.5), p95Ms: quantile(0.95) };
}
