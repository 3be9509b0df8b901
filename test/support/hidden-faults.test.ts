import { describe, expect, it } from '@jest/globals';
import { createFaultPicker } from '../../src/campaign/faults/fault-picker.js';
import { hiddenFaults } from './hidden-faults.js';

describe('the faults that a gateway hides', () => {
  it('are many, but never three looks in a row, and none of a start but what says that it was not taken', () => {
    const pick = createFaultPicker(hiddenFaults);
    const faults = Array.from({ length: 1_000 }, () => ({
      look: pick('status', 'XDM44'),
      start: pick('start', 'XDM44'),
    }));
    const isWrong = faults.map(({ look }) => look !== null && look.do !== 'delay');
    expect(isWrong[0]).toBe(true);
    expect(isWrong.filter(Boolean).length).toBeGreaterThan(300);
    const inARow = isWrong.map((_, index) => isWrong.slice(index, index + 3));
    expect(inARow.filter((three) => three.length === 3 && three.every(Boolean))).toEqual([]);
    const ofStarts = new Set(faults.map(({ start }) => JSON.stringify(start)));
    expect([...ofStarts].sort()).toEqual([
      '{"do":"answer","as":"401"}',
      '{"do":"delay","delayMs":5}',
    ]);
  });
});
