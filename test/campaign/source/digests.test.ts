import { describe, expect, it } from '@jest/globals';
import { createDigestList, openDigestSet } from '../../../src/campaign/source/digests.js';

describe('digests of rows', () => {
  it.each([0, 1, 5_000, 70_000])('find each of %i rows again, and no other', (count) => {
    const list = createDigestList();
    for (let id = 0; id < count; id += 1) list.add([id, 'x']);
    list.add([0, 'x']);
    const isIn = openDigestSet(list.toParts());
    for (let id = 1; id < count; id += 1) {
      if (isIn([id, 'x']) && !isIn([id, 'y'])) continue;
      throw new Error(`the set is wrong about row ${id}`);
    }
  });

  it('are dropped when the list starts over', () => {
    const list = createDigestList();
    for (let id = 0; id < 70_000; id += 1) list.add([id]);
    list.clear();
    expect(list.toParts()).toEqual([]);
    list.add(['a']);
    const isIn = openDigestSet(list.toParts());
    expect([isIn(['a']), isIn([1]), isIn([69_999])]).toEqual([true, false, false]);
  });

  it('match no row if there are none', () => {
    expect(openDigestSet([])([])).toBe(false);
  });
});
