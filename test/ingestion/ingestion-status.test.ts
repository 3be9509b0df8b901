import { describe, expect, it } from '@jest/globals';
import type { IngestionRecord } from '../../src/ingestion/ingestion-request.js';
import { ingestionStatus } from '../../src/ingestion/ingestion-status.js';
import type { WatchReport } from '../../src/ingestion/ports.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };
const NOW = 1_000_000;

const record: IngestionRecord = {
  ref,
  state: { status: 'IN_PROGRESS', info: 'running', batchId: null },
  startedAt: null,
  firstObservedAt: 0,
  changedAt: 0,
  firstPosition: 1,
};

/** Whether the upstream is asked about a request that was observed so long ago. */
async function isAsked(
  known: IngestionRecord | null,
  maxAgeMs: number | null,
  watched: { readonly agoMs?: number; readonly isUnknown?: boolean },
): Promise<boolean> {
  const { agoMs = 0, isUnknown = false } = watched;
  const report: WatchReport = {
    lastObservedAt: NOW - agoMs,
    observedAgoMs: agoMs,
    lastPolledAt: null,
    nextPollAt: null,
    consecutiveFailures: 0,
    lastFailure: null,
    endedBecause: null,
  };
  let isPolled = false;
  const watches = {
    observe: () => Promise.reject(new Error('Nothing is observed here.')),
    async poll() {
      isPolled = true;
      return known;
    },
    report: async () => report,
    recall: () => null,
    endWatch: async () => false,
    isUnknown: () => isUnknown,
  };
  const clock = { now: () => NOW, monotonicMs: () => NOW, schedule: () => () => {} };
  const sources = { watches, clock, pollMaxMs: 30_000 };
  expect(await ingestionStatus(sources, ref, known, { caller: 'a', maxAgeMs })).toBe(known);
  return isPolled;
}

describe('ingestionStatus', () => {
  it.each([
    ['by default what is as young as the longest delay', null, { agoMs: 30_000 }, false],
    ['by default not what is older than that', null, { agoMs: 30_001 }, true],
    ['what is as young as asked', 60_000, { agoMs: 60_000 }, false],
    ['not what is older than asked', 1_000, { agoMs: 1_001 }, true],
    ['nothing that was observed before, with 0', 0, { agoMs: 1 }, true],
    [
      'what is known, though another answer said that it is not',
      0,
      { agoMs: 1, isUnknown: true },
      true,
    ],
  ] as const)('answers from the log %s', async (_, maxAgeMs, watched, asked) => {
    expect(await isAsked(record, maxAgeMs, watched)).toBe(asked);
  });

  it.each([null, 0])(
    'does not ask again at once about what is not known (%s)',
    async (maxAgeMs) => {
      expect(await isAsked(null, maxAgeMs, { isUnknown: true })).toBe(false);
      expect(await isAsked(null, maxAgeMs, { isUnknown: false })).toBe(true);
    },
  );
});
