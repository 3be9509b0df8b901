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
  watched: { readonly agoMs?: number; readonly intervalMs?: number; readonly isUnknown?: boolean },
): Promise<boolean> {
  const { agoMs = 0, intervalMs = 1_000, isUnknown = false } = watched;
  const report: WatchReport = {
    lastObservedAt: NOW - agoMs,
    observedAgoMs: agoMs,
    lastPolledAt: null,
    nextPollAt: null,
    intervalMs,
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
    ['by default what is younger than the interval', null, { agoMs: 1_000 }, false],
    ['by default not what is older than that', null, { agoMs: 1_001 }, true],
    [
      'by default not what is older than the longest delay, however many are watched',
      null,
      { agoMs: 30_001, intervalMs: 500_000 },
      true,
    ],
    ['what is as young as that', null, { agoMs: 30_000, intervalMs: 500_000 }, false],
    ['what is younger than asked', 60_000, { agoMs: 60_000, intervalMs: 500_000 }, false],
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
