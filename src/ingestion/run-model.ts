/**
 * What is known about how long runs last, as far as it matters for polling.
 *
 * `worth(ageMs)` is ∫ √h, the square root of the hazard summed up to an age, in √ms. When it has risen by the price
 * of a poll, the next poll is due. `h` is the chance per ms that a run of this age ends now.
 *
 * @see docs/adr/0031-polls-come-when-something-happened.md
 */
export interface RunModel {
  worth(ageMs: number): number;
  /** The age at which the worth reaches this value. */
  ageAt(worth: number): number;
}

/**
 * The model without any history: a run is as likely to end between one minute and two as between ten and twenty. The
 * hazard is 1 / age, so the gap between polls grows with the root of the age.
 */
export const scaleFree: RunModel = {
  worth: (ageMs) => 2 * Math.sqrt(ageMs),
  ageAt: (worth) => (worth / 2) ** 2,
};

/** How many past runs of a mapping predict how long the next one will last. */
export const PAST_RUNS = 100;

/** The weight of each run relative to the one after it, so that changes of some weeks ago are forgotten. */
const WEIGHT_OF_OLDER = 0.95;

/** The narrowest kernel, also used for a history too short to tell, in log time. */
const MIN_WIDTH = 0.03;
const WIDTH_OF_FEW = 0.2;

/** One pseudo-run that may last any time, so that nothing is ever impossible: log-logistic around the median. */
const PRIOR_WIDTH = 0.9;
const PRIOR_WEIGHT = 1;

/** The standard deviation of a logistic distribution of scale 1. */
const LOGISTIC_SD = Math.PI / Math.sqrt(3);

/** The step of the table, and how far it extends beyond the shortest and the longest run, in log time. */
const MIN_STEP = 0.02;
const MAX_STEP = 0.1;
const MARGIN = 2;

/** At this many scales from its middle, a kernel is negligible. */
const FAR = 20;

/** One bump of the density over log time. */
interface Kernel {
  readonly at: number;
  readonly scale: number;
  readonly weight: number;
}

/**
 * Learn from past runs: a kernel density over the logarithms of their durations. Each bump is as wide as the distance
 * to its neighbours, so that two kinds of runs remain distinct.
 *
 * @param durationsMs - at least one run, newest first, each above 0
 */
export function learnRuns(durationsMs: readonly number[]): RunModel {
  const kernels = toKernels(durationsMs.map(Math.log));
  const places = kernels.map(({ at }) => at);
  const from = Math.min(...places) - MARGIN;
  const narrowest = Math.min(...kernels.map(({ scale }) => scale));
  const step = Math.min(MAX_STEP, Math.max(MIN_STEP, narrowest));
  const count = Math.ceil((Math.max(...places) + MARGIN - from) / step);
  const ages = new Float64Array(count + 1);
  const worths = new Float64Array(count + 1);
  let before = { ageMs: 0, rate: 0 };
  for (let index = 0; index <= count; index += 1) {
    const ageMs = Math.exp(from + index * step);
    const rate = Math.sqrt(toHazard(kernels, ageMs));
    // Below the table, the hazard is constant.
    const meanRate = index === 0 ? rate : (rate + before.rate) / 2;
    ages[index] = ageMs;
    worths[index] = (worths[index - 1] ?? 0) + meanRate * (ageMs - before.ageMs);
    before = { ageMs, rate };
  }
  // Above it, only the pseudo-run is left, whose hazard falls with 1 / age.
  const { ageMs: lastAgeMs, rate: lastRate } = before;
  const lastWorth = worths[count] ?? 0;
  const tail = 2 * lastRate * Math.sqrt(lastAgeMs);
  return {
    worth: (ageMs) =>
      ageMs < lastAgeMs
        ? interpolate(ages, worths, ageMs)
        : lastWorth + tail * (Math.sqrt(ageMs) - Math.sqrt(lastAgeMs)),
    ageAt: (worth) =>
      worth < lastWorth
        ? interpolate(worths, ages, worth)
        : (Math.sqrt(lastAgeMs) + (worth - lastWorth) / tail) ** 2,
  };
}

function toKernels(places: readonly number[]): readonly Kernel[] {
  const runs = places.map((at, index) => ({ at, weight: WEIGHT_OF_OLDER ** index }));
  const sorted = [...runs].sort((a, b) => a.at - b.at);
  const weight = sum(runs.map((run) => run.weight));
  const effectiveCount = weight ** 2 / sum(runs.map((run) => run.weight ** 2));
  const mean = sum(runs.map((run) => run.weight * run.at)) / weight;
  const sd = Math.sqrt(sum(runs.map((run) => run.weight * (run.at - mean) ** 2)) / weight);
  const widest = Math.max(MIN_WIDTH, 0.74 * sd * effectiveCount ** -0.2);
  const neighbour = Math.round(1 + 1.2 * Math.sqrt(places.length));

  function toWidth(index: number): number {
    if (sorted.length < 3) return Math.max(widest, WIDTH_OF_FEW);
    return Math.max(MIN_WIDTH, Math.min(widest, toDistance(sorted, index, neighbour)));
  }

  const kernels = sorted.map((run, index) => ({ ...run, scale: toWidth(index) / LOGISTIC_SD }));
  return [...kernels, { at: toMedian(sorted), scale: PRIOR_WIDTH, weight: PRIOR_WEIGHT }];
}

/** The distance from a run to its n-th nearest neighbour. */
function toDistance(sorted: readonly { at: number }[], index: number, nth: number): number {
  const at = (other: number) => sorted[other]?.at ?? Number.POSITIVE_INFINITY;
  let low = index;
  let high = index;
  let distance = 0;
  for (let found = 0; found < nth; found += 1) {
    const below = low > 0 ? at(index) - at(low - 1) : Number.POSITIVE_INFINITY;
    const above = at(high + 1) - at(index);
    distance = Math.min(below, above);
    if (below < above) low -= 1;
    else high += 1;
  }
  return distance;
}

function toMedian(sorted: readonly { readonly at: number; readonly weight: number }[]): number {
  const half = sum(sorted.map(({ weight }) => weight)) / 2;
  let passed = 0;
  for (const { at, weight } of sorted) {
    passed += weight;
    if (passed >= half) return at;
  }
  return 0;
}

/** Density ÷ survival at an age, per ms. */
function toHazard(kernels: readonly Kernel[], ageMs: number): number {
  const x = Math.log(ageMs);
  let density = 0;
  let survival = 0;
  for (const { at, scale, weight } of kernels) {
    const distance = (x - at) / scale;
    if (distance > FAR) continue;
    if (distance < -FAR) {
      survival += weight;
      continue;
    }
    const survives = 1 / (1 + Math.exp(distance));
    density += (weight * survives * (1 - survives)) / scale;
    survival += weight * survives;
  }
  return density / survival / ageMs;
}

/** @param xs - rising; below the first, the line goes to 0 */
function interpolate(xs: Float64Array, ys: Float64Array, x: number): number {
  let low = -1;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((xs[middle] ?? 0) <= x) low = middle;
    else high = middle;
  }
  const [x0 = 0, y0 = 0] = low < 0 ? [] : [xs[low], ys[low]];
  const x1 = xs[high] ?? 0;
  const y1 = ys[high] ?? 0;
  return x1 === x0 ? y1 : y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
