import { expect, it } from '@jest/globals';
import { createCallBudget } from '../../src/datasources/upstream/call-budget.js';
import { startDeadline } from '../../src/datasources/upstream/call-deadline.js';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import { type Handover, singleReplica } from '../../src/ingestion/replica-ports.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { createManualClock } from '../support/manual-clock.js';

const MAX_RPS = 20;
const HOUR_MS = 3_600_000;
const running: ReportedState = { status: 'IN_PROGRESS', info: '', batchId: null };

/** Watches of requests of these ages, polled within the budget of one process; none of them ends. */
async function watchAll(agesMs: readonly number[]) {
  const clock = createManualClock();
  const budget = createCallBudget(clock, MAX_RPS);
  const pollsOf = new Map<string, number>();
  let failures = 0;
  const watcher = createWatcher({
    upstream: {
      expedite() {},
      async status({ requestId }, waiting, onTurn) {
        const deadline = startDeadline(clock, 10_000);
        try {
          await budget.turn({ waiting }, deadline);
          onTurn?.();
        } finally {
          deadline.release();
        }
        pollsOf.set(requestId, (pollsOf.get(requestId) ?? 0) + 1);
        return running;
      },
    },
    log: {
      append: async ({ ref, seen, observedAt }) => ({
        kind: 'unchanged',
        record: toRecord(ref.requestId, observedAt, seen),
      }),
    },
    clock,
    plan: { minMs: 1_000, maxMs: 30_000, maxWaitingPolls: MAX_RPS / 4, pollPriceMs: 100 },
    leases: singleReplica,
    events: {
      onTransition() {},
      onRegression() {},
      onPollFailed() {
        failures += 1;
      },
    },
  });
  async function* handovers(): AsyncGenerator<readonly Handover[]> {
    yield agesMs.map((ageMs, index) => ({
      record: toRecord(String(index), clock.now() - ageMs, running),
      report: null,
    }));
  }
  await watcher.resume(handovers());
  return {
    clock,
    async stop() {
      const stopped = watcher.stop();
      // Those that wait for their turn have it.
      await clock.advance(1_000);
      await stopped;
    },
    /** How many polls each of these had, on average. */
    meanPolls(from: number, to: number): number {
      let polls = 0;
      for (let index = from; index < to; index += 1) polls += pollsOf.get(String(index)) ?? 0;
      return polls / (to - from);
    },
    get polls() {
      return [...pollsOf.values()].reduce((total, count) => total + count, 0);
    },
    get failures() {
      return failures;
    },
  };
}

function toRecord(requestId: string, firstObservedAt: number, state: ReportedState) {
  const ref = { mappingId: 'm', requestId };
  const changedAt = firstObservedAt;
  return { ref, state, startedAt: null, firstObservedAt, changedAt, firstPosition: 1 };
}

it('polls the fresh among many old ones soon, and uses its whole budget', async () => {
  const old = Array.from({ length: 400 }, () => HOUR_MS);
  const watched = await watchAll([...old, ...Array.from({ length: 20 }, () => 0)]);
  await watched.clock.advance(60_000);
  expect(watched.polls).toBeGreaterThanOrEqual(0.95 * MAX_RPS * 60);
  // Alone each would have had some 30 in its first minute.
  expect(watched.meanPolls(400, 420)).toBeGreaterThan(12);
  expect(watched.meanPolls(0, 400)).toBeGreaterThan(1);
  expect(watched.failures).toBe(0);
  await watched.stop();
});

it('keeps the order of what is due while far more is watched than can be polled', async () => {
  const old = Array.from({ length: 99_000 }, () => HOUR_MS);
  const watched = await watchAll([...old, ...Array.from({ length: 1_000 }, () => 0)]);
  await watched.clock.advance(600_000);
  expect(watched.polls).toBeGreaterThanOrEqual(0.95 * MAX_RPS * 600);
  expect(watched.meanPolls(99_000, 100_000)).toBeGreaterThan(4 * watched.meanPolls(0, 99_000));
  expect(watched.failures).toBe(0);
  await watched.stop();
});
