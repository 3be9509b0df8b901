import { type PollPlan, toPollDelayMs } from '../../src/ingestion/poll-plan.js';
import { learnRuns, PAST_RUNS, type RunModel, scaleFree } from '../../src/ingestion/run-model.js';

/** Returns a number in [0, 1). */
export type Random = () => number;

/** The duration of a run, in ms. `index` counts the runs of the mapping. */
export type Durations = (random: Random, index: number) => number;

const MEDIAN_MS = 120_000;

/** Log-normally distributed around a median. */
function logNormal(medianMs: number, sigma: number): Durations {
  return (random) =>
    medianMs *
    Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

/** Some kinds of runs that mappings have. */
export const kindsOfRuns = {
  narrow: logNormal(MEDIAN_MS, 0.25),
  wide: logNormal(MEDIAN_MS, 0.8),
  bimodal: (random, index) => logNormal(random() < 0.7 ? 40_000 : 300_000, 0.1)(random, index),
  exponential: (random) => -MEDIAN_MS * Math.log(1 - random()),
} satisfies Record<string, Durations>;

/** Runs that first took about two minutes each, and later about seven. */
export function shifted(from: number): Durations {
  return (random, index) => logNormal(index < from ? MEDIAN_MS : 420_000, 0.25)(random, index);
}

/** The delay before the next poll of a run of this age, in ms. */
export type DelayAt = (ageMs: number) => number;

/** Plans that learn nothing: each depends only on the age of a run. */
export const plainPlans = {
  /** At 1, 2, 4, 8, … s, and then every 30 s. */
  'capped back-off': (ageMs) => Math.min(30_000, Math.max(1_000, ageMs)),
  /** A tenth of the age. */
  'share of the age': (ageMs) => Math.min(30_000, Math.max(1_000, ageMs / 10)),
} satisfies Record<string, DelayAt>;

/** The result of polling some runs. */
export interface Polled {
  readonly lagsMs: readonly number[];
  readonly polls: number;
}

/** Poll runs of these durations, one after the other. */
function pollAll(durationsMs: readonly number[], delayAt: (index: number) => DelayAt): Polled {
  let polls = 0;
  const lagsMs = durationsMs.map((durationMs, index) => {
    const delay = delayAt(index);
    let ageMs = 0;
    do {
      ageMs += delay(ageMs);
      polls += 1;
    } while (ageMs < durationMs);
    return ageMs - durationMs;
  });
  return { lagsMs, polls };
}

/** Poll at a fixed interval with about as many polls. */
export function pollAtFixedInterval(durationsMs: readonly number[], polls: number): Polled {
  let low = 1;
  let high = Math.max(...durationsMs);
  while (high / low > 1.000_1) {
    const intervalMs = (low + high) / 2;
    if (pollAll(durationsMs, () => () => intervalMs).polls > polls) low = intervalMs;
    else high = intervalMs;
  }
  return pollAll(durationsMs, () => () => high);
}

/** The result of one simulation, for the plan and for others on the same runs. */
export interface Simulated {
  readonly durationsMs: readonly number[];
  readonly planned: Polled;
}

/**
 * Have runs of one mapping polled as the gateway plans it, learning from each run as it ends.
 *
 * @param learnt - so many runs are only learned from
 */
export function simulate(
  plan: PollPlan,
  durations: Durations,
  runs: number,
  learnt: number,
  random: Random,
): Simulated {
  const pastRuns: number[] = [];
  let model: RunModel = scaleFree;
  const durationsMs: number[] = [];
  const lagsMs: number[] = [];
  let polls = 0;
  for (let index = 0; index < learnt + runs; index += 1) {
    const durationMs = durations(random, index);
    const polled = pollAll([durationMs], () => (ageMs) => {
      const history = { runs: model, ageMs, isAwaited: false, consecutiveFailures: 0 };
      return toPollDelayMs(plan, history, random);
    });
    const lagMs = polled.lagsMs[0] ?? 0;
    if (index >= learnt) {
      durationsMs.push(durationMs);
      lagsMs.push(lagMs);
      polls += polled.polls;
    }
    pastRuns.unshift(durationMs + lagMs);
    model = learnRuns(pastRuns.slice(0, PAST_RUNS));
  }
  return { durationsMs, planned: { lagsMs, polls } };
}

/** Poll the same runs by a plan that learns nothing. */
export function simulatePlain(durationsMs: readonly number[], delayAt: DelayAt): Polled {
  return pollAll(durationsMs, () => delayAt);
}

/** The mean lag, relative to a fixed interval with as many polls. */
export function toLagRatio({ lagsMs, polls }: Polled, durationsMs: readonly number[]): number {
  return mean(lagsMs) / mean(pollAtFixedInterval(durationsMs, polls).lagsMs);
}

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** The value that this share of all values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
