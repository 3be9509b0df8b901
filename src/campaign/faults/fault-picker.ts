import type { Fault, FaultOccasion, FaultPlan, Operation } from './fault-plan.js';

/**
 * Create what decides how each call fails. The same calls in the same order fail in the same way.
 *
 * @returns counts a call, of which `mappingId` is null if it concerns none; its result is null for no fault
 */
export function createFaultPicker({ seed, rules }: FaultPlan) {
  // Each rule has its own dice, so that adding a rule does not change the others.
  const counted = rules.map((rule, index) => ({ rule, roll: createDice(seed + index), calls: 0 }));

  return (operation: Operation, mappingId: string | null): Fault | null => {
    let picked: Fault | null = null;
    for (const entry of counted) {
      const { on, mapping, when, fault } = entry.rule;
      if (on !== operation || (mapping !== undefined && mapping !== mappingId)) continue;
      entry.calls += 1;
      const applies = isOccasion(when, entry.calls, entry.roll);
      if (applies) picked ??= fault;
    }
    return picked;
  };
}

function isOccasion(when: FaultOccasion, call: number, roll: () => number): boolean {
  if ('nth' in when) return call === when.nth;
  if ('every' in when) return call % when.every === 0;
  if ('first' in when) return call <= when.first;
  return roll() < when.probability;
}

/** Numbers from 0 to 1 that only depend on the seed (mulberry32). */
function createDice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
