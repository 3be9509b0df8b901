import { describe, expect, it } from '@jest/globals';
import type { IngestionRecord, ReportedState } from '../../src/ingestion/ingestion-request.js';
import {
  isSameInput,
  type StartIntent,
  type StartState,
  toAdoption,
  toBeginning,
  toRetry,
} from '../../src/ingestion/start-intent.js';

const ref = { mappingId: 'XDM44', requestId: '1' };

function toIntent(changes: Partial<StartIntent> = {}): StartIntent {
  return {
    intentId: 1,
    caller: null,
    idempotencyKey: null,
    mappingId: 'XDM44',
    retryOnAbort: 0,
    createdAt: 50,
    sentAt: 100,
    attempt: 1,
    retryOf: null,
    state: { kind: 'sent' },
    ...changes,
  };
}

const named = (kind: 'submitted' | 'alreadyInProgress', changes: Partial<StartIntent> = {}) =>
  toIntent({ state: { kind, ref, message: '', settledAt: 200 }, ...changes });

describe('toAdoption', () => {
  const unknown: StartState = { kind: 'unknown', code: '', message: '', settledAt: 200 };
  const seen = (since: number, until: number, isStartedHere = false) => ({
    since,
    until,
    isStartedHere,
  });

  // The start was sent at 100 and given up at 200.
  it.each([
    ['ran before it and after it', seen(99, 200), false, 'alreadyInProgress'],
    ['ran before it, begun by one of our starts', seen(99, 300, true), true, 'alreadyInProgress'],
    ['ran before it, and was last seen before it was given up', seen(99, 199), false, null],
    ['was first seen when it was sent', seen(100, 100), false, 'submitted'],
    ['was first seen after it', seen(300, 300), false, 'submitted'],
    ['was begun by another of our starts since then', seen(300, 300, true), false, null],
    ['came after another accepted start', seen(300, 300), true, null],
  ] as const)('handles a request that %s', (_title, running, isAnotherBetween, kind) => {
    expect(toAdoption(toIntent({ state: unknown }), running, isAnotherBetween)).toBe(kind);
  });

  it.each([
    { kind: 'sent' },
    { kind: 'waiting' },
    { kind: 'refused', message: '', settledAt: 200 },
    { ...unknown, kind: 'abandoned' },
  ] as const)('returns null for a start that is $kind', (state) => {
    expect(toAdoption(toIntent({ state }), seen(300, 300), false)).toBeNull();
  });
});

describe('toRetry', () => {
  const record = (status: ReportedState['status']): IngestionRecord => ({
    ref,
    state: { status, info: '', batchId: null, numRecords: 0 } as ReportedState,
    startedAt: null,
    firstObservedAt: 200,
    changedAt: 300,
    firstPosition: 1,
  });

  it.each([
    ['nobody started it here', [], null],
    ['nobody asked for one', [named('submitted')], null],
    ['one is allowed', [named('submitted', { retryOnAbort: 1 })], { attempt: 2, retryOnAbort: 0 }],
    [
      'it is a retry itself',
      [named('submitted', { retryOnAbort: 2, attempt: 3, retryOf: ref })],
      { attempt: 4, retryOnAbort: 1 },
    ],
    [
      'a second start was answered with it, which allows more',
      [
        named('submitted', { retryOnAbort: 1, attempt: 3, caller: 'ann' }),
        named('alreadyInProgress', { retryOnAbort: 5, caller: 'bob' }),
      ],
      { attempt: 4, retryOnAbort: 4, caller: 'bob' },
    ],
  ])('decides on a retry when %s', (_title, starts, retry) => {
    const expected = retry && {
      ...retry,
      retryOf: ref,
      createdAt: 400,
      sentAt: null,
      idempotencyKey: null,
    };
    const made = toRetry(record('ABORTED'), starts, 400);
    if (expected) expect(made).toMatchObject({ ...expected, state: { kind: 'waiting' } });
    else expect(made).toBeNull();
  });

  it.each(['IN_PROGRESS', 'SUCCESS', 'FAILED'] as const)('returns null for %s', (status) => {
    const starts = [named('submitted', { retryOnAbort: 5 })];
    expect(toRetry(record(status), starts, 400)).toBeNull();
  });
});

describe('toBeginning', () => {
  const first = { mappingId: 'XDM44', requestId: '0' };
  const retry = { attempt: 2, retryOf: first, caller: 'bob' };

  it.each([
    ['nobody here', [], { attempt: 1, retryOf: null, startedBy: null }],
    [
      'a start',
      [named('submitted', { caller: 'ann' })],
      { attempt: 1, retryOf: null, startedBy: 'ann' },
    ],
    ['a retry', [named('submitted', retry)], { attempt: 2, retryOf: first, startedBy: 'bob' }],
    [
      'somebody else, and a retry was answered with it',
      [named('alreadyInProgress'), named('alreadyInProgress', retry)],
      { attempt: 2, retryOf: first, startedBy: null },
    ],
    [
      'a start, and a retry was answered with it',
      [named('alreadyInProgress', retry), named('submitted', { caller: 'ann' })],
      { attempt: 1, retryOf: null, startedBy: 'ann' },
    ],
  ])('describes a request begun by %s', (_title, starts, beginning) => {
    expect(toBeginning(starts)).toEqual(beginning);
  });
});

describe('isSameInput', () => {
  const input = { mappingId: 'XDM44', retryOnAbort: 0 };

  it.each([
    [{}, true],
    [{ mappingId: 'xdm44' }, false],
    [{ retryOnAbort: 1 }, false],
  ])('compares the input with %o changed: %s', (changes, isSame) => {
    expect(isSameInput(input, { ...input, ...changes })).toBe(isSame);
  });
});
