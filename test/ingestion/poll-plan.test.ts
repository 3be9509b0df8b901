import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type PollHistory, toPollDelayMs } from '../../src/ingestion/poll-plan.js';
import { learnRuns, type RunModel, scaleFree } from '../../src/ingestion/run-model.js';
import { createSeededRandom } from '../crash/seeded-random.js';
import {
  type Durations,
  kindsOfRuns,
  plainPlans,
  shifted,
  simulate,
  simulatePlain,
  toLagRatio,
} from '../support/lag.js';

const plan = { minMs: 1_000, maxMs: 30_000, pollPriceMs: 100 };
const middle = () => 0.5;
const unknown: PollHistory = {
  runs: scaleFree,
  ageMs: 0,
  isAwaited: false,
  consecutiveFailures: 0,
};

const durations = fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 100 });
const models = fc.oneof(fc.constant(scaleFree), durations.map(learnRuns));

describe('toPollDelayMs', () => {
  it.each<[string, Partial<PollHistory>, number]>([
    ['polls a new request as often as allowed', {}, 1_000],
    ['polls less often with the square root of the age', { ageMs: 120_000 }, 4_949],
    ['polls twice as often if somebody waits', { ageMs: 120_000, isAwaited: true }, 2_462],
    ['polls an old request no less often than allowed', { ageMs: 1e9 }, 30_000],
    ['is slowed down by failed polls', { consecutiveFailures: 3 }, 8_000],
    ['is not stopped by a long outage', { consecutiveFailures: 5_000 }, 30_000],
  ])('%s', (_title, history, delayMs) => {
    expect(toPollDelayMs(plan, { ...unknown, ...history }, middle)).toBe(delayMs);
  });

  it('stays within its bounds for any history and random number', () => {
    fc.assert(
      fc.property(
        models,
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 0, max: 1e12 }),
        fc.boolean(),
        fc.nat(),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (runs, minMs, extraMs, ageMs, isAwaited, consecutiveFailures, random) => {
          const bounds = { minMs, maxMs: minMs + extraMs, pollPriceMs: 100 };
          const history = { runs, ageMs, isAwaited, consecutiveFailures };
          const delayMs = toPollDelayMs(bounds, history, () => random);
          expect(delayMs).toBeGreaterThanOrEqual(bounds.minMs);
          expect(delayMs).toBeLessThanOrEqual(bounds.maxMs);
        },
      ),
    );
  });

  it('waits until runs tend to end, and polls often around then', () => {
    const runs = learnRuns(Array.from({ length: 20 }, (_, index) => 115_000 + index * 500));
    const delayAt = (ageMs: number) => toPollDelayMs(plan, { ...unknown, runs, ageMs }, middle);
    expect(delayAt(5_000)).toBeGreaterThan(15_000);
    // Not past the time at which runs end, which is when polls count.
    expect(100_000 + delayAt(100_000)).toBeLessThan(117_000);
    expect(delayAt(119_000)).toBeLessThan(1_600);
    // A run this long is unlike the others.
    expect(delayAt(300_000)).toBeGreaterThan(4_000);
    expect(delayAt(300_000)).toBeLessThan(15_000);
  });
});

describe('the expected share of ended runs', () => {
  it('rises with the age and can be inverted', () => {
    const ages = fc.uniqueArray(fc.double({ min: 0, max: 1e10, noNaN: true }), { minLength: 2 });
    fc.assert(
      fc.property(models, ages, (model: RunModel, given) => {
        let before = -1;
        for (const ageMs of given.toSorted((a, b) => a - b)) {
          const worth = model.worth(ageMs);
          expect(worth).toBeGreaterThanOrEqual(before);
          before = worth;
          const again = model.worth(model.ageAt(worth));
          expect(Math.abs(again - worth)).toBeLessThanOrEqual(1e-6 * Math.max(1, worth));
        }
      }),
    );
  });
});

describe('the lag, relative to a fixed interval with as many polls', () => {
  const wide = { minMs: 250, maxMs: 60_000, pollPriceMs: 100 };
  const ratioOf = (runs: Durations, count: number, learnt: number) => {
    const random = createSeededRandom(2);
    const { durationsMs, planned } = simulate(wide, runs, count, learnt, random);
    return {
      ratio: toLagRatio(planned, durationsMs),
      before: toLagRatio(simulatePlain(durationsMs, plainPlans['share of the age']), durationsMs),
    };
  };

  it.each<[keyof typeof kindsOfRuns, number]>([
    ['narrow', 0.6],
    ['bimodal', 0.65],
    ['wide', 1],
    ['exponential', 1.2],
  ])('of %s runs is at most %d', (kind, limit) => {
    const { ratio, before } = ratioOf(kindsOfRuns[kind], 200, 0);
    expect(ratio).toBeLessThanOrEqual(limit);
    expect(ratio).toBeLessThanOrEqual(0.6 * before);
  });

  it('of runs that last longer from one day to the next is at most 1.7', () => {
    const { ratio, before } = ratioOf(shifted(100), 20, 100);
    expect(ratio).toBeLessThanOrEqual(1.7);
    expect(ratio).toBeLessThanOrEqual(0.6 * before);
  });
});
