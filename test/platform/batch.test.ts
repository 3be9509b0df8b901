import { describe, expect, it } from '@jest/globals';
import { type BatchAction, type BatchStatus, outcomeOf } from '../../src/platform/batch.js';
import { createBatchId } from '../../src/platform/batch-id.js';

const STATUSES: readonly BatchStatus[] = [
  'loading',
  'loaded',
  'staging',
  'staged',
  'processing',
  'stalled',
  'success',
  'failed',
  'aborted',
  'inactive',
  'deleted',
];

/** A letter for each status: Moves, is Done already, Refused. */
const TABLE: readonly (readonly [BatchAction, BatchStatus, string])[] = [
  ['COMPLETE', 'loaded', 'M D D D D D D D R R R'],
  ['ABORT', 'aborted', 'M M M M M M R R D R R'],
  ['FAIL', 'failed', 'M M M M M M R D R R R'],
  ['REVERT', 'inactive', 'R R R R R R M R R D D'],
];

describe('an action on a batch', () => {
  it.each(TABLE)('%s moves to %s, and does nothing twice', (action, to, row) => {
    const words = { M: { kind: 'moved', status: to }, D: { kind: 'done' }, R: { kind: 'refused' } };
    const expected = row.split(' ').map((letter) => words[letter as 'M' | 'D' | 'R']);
    expect(STATUSES.map((status) => outcomeOf(action, status))).toEqual(expected);
  });
});

describe('a batch id', () => {
  it('is a ULID: its first ten digits are the time', () => {
    expect(createBatchId(1_469_918_176_385)).toMatch(/^01ARYZ6S41[0-9A-HJKMNP-TV-Z]{16}$/);
  });

  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => createBatchId(0))).size).toBe(100);
  });
});
