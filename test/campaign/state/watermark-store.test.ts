import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Watermark } from '../../../src/campaign/source/watermark.js';
import { createMappingStore } from '../../../src/campaign/state/mapping-store.js';
import { openState, type StateDatabase } from '../../../src/campaign/state/state-database.js';
import {
  createWatermarkStore,
  type WatermarkStore,
} from '../../../src/campaign/state/watermark-store.js';

const first: Watermark = {
  column: 'a',
  marker: 1,
  since: null,
  seen: [new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8])],
  had: { tableSize: null, rows: new Uint8Array([7, 8]) },
};
const second: Watermark = {
  column: 'b',
  marker: '2024-01-01',
  since: null,
  seen: [new Uint8Array(16).fill(1), new Uint8Array(8).fill(2)],
  had: { tableSize: Number.POSITIVE_INFINITY, rows: null },
};

let database: StateDatabase;
let watermarks: WatermarkStore;

beforeEach(() => {
  database = openState(':memory:');
  const mappings = createMappingStore(database);
  for (const id of ['M', 'N']) {
    mappings.introduce(id, { publication: 'published', execution: 'stopped' });
  }
  watermarks = createWatermarkStore(database);
});

afterEach(() => database.close());

const countOf = (table: string) =>
  database.sql.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count;

describe('the watermark of a mapping', () => {
  it('is what its job proposed once that is accepted, and only for that mapping', () => {
    expect(watermarks.acceptedOf('M')).toBeNull();
    watermarks.propose('M', first);
    expect(watermarks.acceptedOf('M')).toBeNull();
    watermarks.accept('M');
    watermarks.propose('M', second);
    expect(watermarks.acceptedOf('M')).toEqual(first);
    watermarks.accept('M');
    expect(watermarks.acceptedOf('M')).toEqual(second);
    expect(watermarks.acceptedMarkerOf('M')).toBe('2024-01-01');
    expect(watermarks.acceptedOf('N')).toBeNull();
  });

  it('stays when the proposal is dropped', () => {
    watermarks.propose('M', first);
    watermarks.accept('M');
    watermarks.propose('M', second);
    watermarks.drop('M');
    expect(watermarks.acceptedOf('M')).toEqual(first);
  });

  it('is gone when it is deleted, or when a job without one succeeds', () => {
    for (const end of [
      () => watermarks.forget('M'),
      () => {
        watermarks.propose('M', null);
        watermarks.accept('M');
      },
    ]) {
      watermarks.propose('M', first);
      watermarks.accept('M');
      end();
      expect([watermarks.acceptedOf('M'), watermarks.acceptedMarkerOf('M')]).toEqual([null, null]);
    }
  });

  it('keeps the last two only', () => {
    for (let round = 0; round < 5; round += 1) {
      watermarks.propose('M', first);
      watermarks.propose('M', second);
      watermarks.accept('M');
      watermarks.propose('M', first);
    }
    expect([countOf('watermark'), countOf('seen_digests')]).toEqual([2, 3]);
  });
});
