import { describe, expect, it } from '@jest/globals';
import { createKnownRows } from '../../../src/campaign/source/known-rows.js';

describe('known rows', () => {
  it.each([1, 100, 30_000])('are told from new ones: %i', (count) => {
    const first = createKnownRows(null, 'a');
    for (let id = 0; id < count; id += 1) expect(first.add([id])).toBe(false);
    const kept = first.toBytes();
    const second = createKnownRows(kept, 'a');
    let numNew = 0;
    for (let id = 0; id < count * 2; id += 1) {
      if (!second.add([id])) continue;
      expect(id).toBeGreaterThanOrEqual(count);
      numNew += 1;
    }
    expect(numNew).toBeGreaterThan(count * 0.97);
    expect(createKnownRows(kept, 'b').add(['new'])).toBe(false);
    expect(kept.length).toBeLessThan(16_500 + count * 4);
  });
});
