import { describe, expect, it } from '@jest/globals';
import { observe } from '../../src/ingestion/transition.js';

describe('observe', () => {
  it.each([
    [null, 'IN_PROGRESS', { kind: 'transition', from: null }],
    [null, 'SUCCESS', { kind: 'transition', from: null }],
    [null, 'ABORTED', { kind: 'transition', from: null }],
    ['IN_PROGRESS', 'IN_PROGRESS', { kind: 'unchanged' }],
    ['IN_PROGRESS', 'SUCCESS', { kind: 'transition', from: 'IN_PROGRESS' }],
    ['IN_PROGRESS', 'FAILED', { kind: 'transition', from: 'IN_PROGRESS' }],
    ['IN_PROGRESS', 'ABORTED', { kind: 'transition', from: 'IN_PROGRESS' }],
    ['SUCCESS', 'SUCCESS', { kind: 'unchanged' }],
    ['SUCCESS', 'IN_PROGRESS', { kind: 'regression', from: 'SUCCESS' }],
    ['SUCCESS', 'FAILED', { kind: 'regression', from: 'SUCCESS' }],
    ['FAILED', 'SUCCESS', { kind: 'regression', from: 'FAILED' }],
    ['ABORTED', 'IN_PROGRESS', { kind: 'regression', from: 'ABORTED' }],
  ] as const)('turns %s, when seeing %s, into %o', (known, seen, observed) => {
    expect(observe(known, seen)).toEqual(observed);
  });
});
