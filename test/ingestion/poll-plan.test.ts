import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toPollDelayMs } from '../../src/ingestion/poll-plan.js';

const plan = { minMs: 1_000, maxMs: 30_000, maxPollsPerSecond: 16 };
const middle = () => 0.5;

describe('toPollDelayMs', () => {
  it.each([
    [
      'a new request is asked about as often as allowed',
      { ageMs: 0, consecutiveFailures: 0 },
      1_100,
    ],
    ['the delay is a tenth of the age', { ageMs: 100_000, consecutiveFailures: 0 }, 10_000],
    [
      'an old request is asked about no more seldom than allowed',
      { ageMs: 1e9, consecutiveFailures: 0 },
      27_000,
    ],
    ['failed polls slow it down', { ageMs: 0, consecutiveFailures: 3 }, 8_000],
    ['a long outage does not stop it', { ageMs: 0, consecutiveFailures: 5_000 }, 27_000],
    [
      'what the upstream asks for goes first, and is spread after it',
      { ageMs: 0, consecutiveFailures: 1, retryAfterMs: 120_000 },
      132_000,
    ],
  ])('%s', (_title, history, delayMs) => {
    expect(toPollDelayMs(plan, { watchCount: 1, ...history }, middle)).toBe(delayMs);
  });

  it('stays within its bounds whatever the history and the dice', () => {
    fc.assert(
      fc.property(
        fc.record({
          minMs: fc.integer({ min: 1, max: 10_000 }),
          extraMs: fc.integer({ min: 0, max: 100_000 }),
          ageMs: fc.integer({ min: 0, max: 1e12 }),
          consecutiveFailures: fc.nat(),
          random: fc.double({ min: 0, max: 0.999999, noNaN: true }),
        }),
        ({ minMs, extraMs, ageMs, consecutiveFailures, random }) => {
          const bounds = { minMs, maxMs: minMs + extraMs, maxPollsPerSecond: 1e6 };
          const delayMs = toPollDelayMs(
            bounds,
            { ageMs, consecutiveFailures, watchCount: 1 },
            () => random,
          );
          expect(delayMs).toBeGreaterThanOrEqual(bounds.minMs);
          expect(delayMs).toBeLessThanOrEqual(bounds.maxMs);
        },
      ),
    );
  });

  it('polls each of too many requests more seldom, so that all keep to the polls there may be', () => {
    const history = { ageMs: 0, consecutiveFailures: 0, watchCount: 16_000 };
    expect(toPollDelayMs(plan, history, middle)).toBe(1_000_000);
    expect(toPollDelayMs(plan, history, () => 0)).toBe(800_000);
    expect(toPollDelayMs(plan, { ...history, watchCount: 16 }, middle)).toBe(1_100);
  });

  it('spreads requests of the same age', () => {
    const history = { ageMs: 100_000, consecutiveFailures: 0, watchCount: 1 };
    expect(toPollDelayMs(plan, history, () => 0)).toBe(8_000);
    expect(toPollDelayMs(plan, history, () => 1)).toBe(12_000);
  });
});
