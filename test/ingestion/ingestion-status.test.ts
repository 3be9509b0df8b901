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
    ['observations as young as the longest delay, by default', null, { agoMs: 30_000 }, false],
    ['no older observations, by default', null, { agoMs: 30_001 }, true],
    ['observations as young as maxAgeMs', 60_000, { agoMs: 60_000 }, false],
    ['no observations older than maxAgeMs', 1_000, { agoMs: 1_001 }, true],
    ['no earlier observation if maxAgeMs is 0', 0, { agoMs: 1 }, true],
    [
      'a known request, though another answer called it unknown',
      0,
      { agoMs: 1, isUnknown: true },
      true,
    ],
  ] as const)('uses the log for %s', async (_, maxAgeMs, watched, asked) => {
    expect(await isAsked(record, maxAgeMs, watched)).toBe(asked);
  });

  it.each([null, 0])(
    'does not repeat a question about an unknown request immediately (%s)',
    async (maxAgeMs) => {
      expect(await isAsked(null, maxAgeMs, { isUnknown: true })).toBe(false);
      expect(await isAsked(null, maxAgeMs, { isUnknown: false })).toBe(true);
    },
  );
});
