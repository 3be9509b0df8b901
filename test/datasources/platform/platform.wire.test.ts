import { describe, expect, it } from '@jest/globals';
import { parseBatchAnswer } from '../../../src/datasources/platform/platform.wire.js';

const parse = (batch: unknown, id = 'b0b1') =>
  parseBatchAnswer(JSON.stringify({ [id]: batch }), 'b0b1');

describe('a batch', () => {
  const bare = { batchId: 'b0b1', status: 'success', errors: [] };
  const uncounted = { ...bare, numRecords: null, numIngested: null, numFailed: null };

  it('is read with counts as texts', () => {
    const metrics = { inputRecordCount: '15', outputRecordCount: '14.0', failedRecordCount: ' 1 ' };
    expect(parse({ status: 'success', metrics })).toEqual({
      ...bare,
      numRecords: 15,
      numIngested: 14,
      numFailed: 1,
    });
  });

  it.each([
    ['only a status', {}],
    ['nulls', { metrics: null, recordCount: null, failedRecordCount: null, errors: null }],
    ['invalid counts', { metrics: { inputRecordCount: -1, outputRecordCount: 2 ** 53 } }],
    ['texts in place of objects', { metrics: '15', errors: 'none' }],
  ])('is read with %s', (_, fields) => {
    expect(parse({ status: ' success', ...fields })).toEqual(uncounted);
  });

  it('is read with incomplete errors', () => {
    const errors = [{ code: 1555, recordCount: '2' }, { description: null }, null];
    expect(parse({ status: 'failed', errors }).errors).toEqual([
      { code: '1555', description: '', numRecords: 2 },
      { code: '', description: '', numRecords: null },
      { code: '', description: '', numRecords: null },
    ]);
  });

  it('is read under its id in another case', () => {
    expect(parse({ status: 'success' }, 'B0B1')).toEqual(uncounted);
  });
});

it.each([
  ['another batch', { b0b2: { status: 'success' } }],
  ['no status', { b0b1: {} }],
  ['an empty status', { b0b1: { status: ' ' } }],
  ['a list', [{ status: 'success' }]],
  ['nothing', null],
])('an answer with %s is not about the batch', (_, answer) => {
  expect(() => parseBatchAnswer(JSON.stringify(answer), 'b0b1')).toThrow();
});

it('an inherited property is not a batch', () => {
  for (const id of ['__proto__', 'constructor', 'toString']) {
    expect(() => parseBatchAnswer('{}', id)).toThrow();
  }
});
