import { describe, expect, it } from '@jest/globals';
import { createFaultPicker } from '../../../src/campaign/faults/fault-picker.js';
import type { FaultOccasion, FaultRule } from '../../../src/campaign/faults/fault-plan.js';

const drop = (when: FaultOccasion, changes: Partial<FaultRule> = {}): FaultRule => ({
  on: 'start',
  when,
  fault: { do: 'drop' },
  ...changes,
});

/** Which of so many starts of the mapping M go wrong, from 1. */
function wrongOnes(rules: readonly FaultRule[], calls: number, seed = 1): number[] {
  const pick = createFaultPicker({ seed, rules });
  const all = Array.from({ length: calls }, (_, index) => index + 1);
  return all.filter(() => pick('start', 'M') !== null);
}

describe('faulty calls', () => {
  it.each<[FaultOccasion, number[]]>([
    [{ nth: 3 }, [3]],
    [{ every: 2 }, [2, 4, 6]],
    [{ first: 2 }, [1, 2]],
    [{ probability: 0 }, []],
    [{ probability: 1 }, [1, 2, 3, 4, 5, 6]],
  ])('%j', (when, expected) => {
    expect(wrongOnes([drop(when)], 6)).toEqual(expected);
  });

  it('are the same for the same seed, differ for another one, and occur at about the given rate', () => {
    const rules = [drop({ probability: 0.25 })];
    const one = wrongOnes(rules, 1_000, 7);
    expect(wrongOnes(rules, 1_000, 7)).toEqual(one);
    expect(wrongOnes(rules, 1_000, 8)).not.toEqual(one);
    expect(one.length).toBeGreaterThan(200);
    expect(one.length).toBeLessThan(300);
  });

  it('are counted per what their rule matches', () => {
    const rules = [drop({ nth: 2 }, { mapping: 'M' })];
    const pick = createFaultPicker({ seed: 1, rules });
    const next = (operation: 'start' | 'status', mappingId: string) =>
      pick(operation, mappingId) !== null;
    expect(next('start', 'M')).toBe(false);
    expect(next('start', 'N')).toBe(false);
    expect(next('status', 'M')).toBe(false);
    expect(next('start', 'M')).toBe(true);
  });

  it('fail by the first rule that applies, and count for the other rules, too', () => {
    const rules = [drop({ nth: 1 }), drop({ nth: 2 }, { fault: { do: 'reset' } })];
    const pick = createFaultPicker({ seed: 1, rules });
    const all = [1, 2, 3].map(() => pick('start', 'M')?.do);
    expect(all).toEqual(['drop', 'reset', undefined]);
  });
});
