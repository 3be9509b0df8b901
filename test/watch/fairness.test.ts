import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { toRequestRow } from '../../src/datasources/log/ingestion-log.rows.js';
import { createCallBudget } from '../../src/datasources/upstream/call-budget.js';
import { startDeadline } from '../../src/datasources/upstream/call-deadline.js';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { createSeededRandom } from '../crash/seeded-random.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { noWatcherEvents, openMemoryWatches } from '../support/memory-watches.js';

const MAX_RPS = 20;
const HOUR_MS = 3_600_000;
const MAX_GAP_MS = 30_000;
const running: ReportedState = { status: 'IN_PROGRESS', info: '', batchId: null };

/** Watches of requests of these ages, polled within the budget of one process; none ends. */
async function watchAll(agesMs: readonly number[], logIsBack: Promise<void> = Promise.resolve()) {
  const clock = createManualClock();
  const { database, log, queue } = await openMemoryWatches(clock);
  const rows = agesMs.map((ageMs, index) => toRequestRow(toRecord(index, clock.now() - ageMs)));
  for (let from = 0; from < rows.length; from += 1_000) {
    const page = rows.slice(from, from + 1_000);
    await database.db.insertInto('requests').values(page).execute();
  }
  // Like long-watched requests, each is due within its delay.
  await sql`update watches set due_ms = (rowid * 7919) % ${MAX_GAP_MS}
    where request_key in (select request_key from requests where first_observed_at < ${clock.now()})`.execute(
    database.db,
  );
  const budget = createCallBudget(clock, MAX_RPS);
  const pollsOf = new Map<string, number>();
  let failures = 0;
  const watcher = createWatcher({
    upstream: {
      expedite() {},
      async status({ requestId }, purpose, onTurn) {
        const deadline = startDeadline(clock, 10_000);
        try {
          await budget.turn({ purpose }, deadline);
          onTurn?.();
        } finally {
          deadline.release();
        }
        pollsOf.set(requestId, (pollsOf.get(requestId) ?? 0) + 1);
        return running;
      },
    },
    log: { find: log.find, append: (seen) => logIsBack.then(() => log.append(seen)) },
    queue,
    clock,
    random: createSeededRandom(1),
    plan: { minMs: 1_000, maxMs: MAX_GAP_MS, maxWaitingPolls: MAX_RPS / 4, pollPriceMs: 100 },
    events: {
      ...noWatcherEvents,
      onPollFailed() {
        failures += 1;
      },
    },
  });
  watcher.start();
  await settle();
  return {
    clock,
    async stop() {
      const stopped = watcher.stop();
      // Polls that wait for a turn get it.
      await clock.advance(1_000);
      await stopped;
    },
    /** The average number of polls of each of these. */
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

function toRecord(index: number, firstObservedAt: number) {
  const ref = { mappingId: 'm', requestId: String(index) };
  const changedAt = firstObservedAt;
  const firstPosition = index + 1;
  return { ref, state: running, startedAt: null, firstObservedAt, changedAt, firstPosition };
}

it('polls fresh requests soon among many old ones, and uses the whole budget', async () => {
  const old = Array.from({ length: 400 }, () => HOUR_MS);
  const watched = await watchAll([...old, ...Array.from({ length: 20 }, () => 0)]);
  await watched.clock.advance(60_000);
  expect(watched.polls).toBeGreaterThanOrEqual(0.95 * MAX_RPS * 60);
  // Alone, each would have about 30 polls in its first minute.
  expect(watched.meanPolls(400, 420)).toBeGreaterThan(12);
  expect(watched.meanPolls(0, 400)).toBeGreaterThan(1);
  expect(watched.failures).toBe(0);
  await watched.stop();
});

it('keeps the order of due polls when far more is watched than can be polled', async () => {
  const old = Array.from({ length: 29_700 }, () => HOUR_MS);
  const watched = await watchAll([...old, ...Array.from({ length: 300 }, () => 0)]);
  await watched.clock.advance(300_000);
  expect(watched.polls).toBeGreaterThanOrEqual(0.95 * MAX_RPS * 300);
  expect(watched.meanPolls(29_700, 30_000)).toBeGreaterThan(4 * watched.meanPolls(0, 29_700));
  expect(watched.failures).toBe(0);
  await watched.stop();
});

it('claims no more polls than it can record while the log is slower than the upstream', async () => {
  const log = Promise.withResolvers<void>();
  const watched = await watchAll(Array<number>(1_000).fill(HOUR_MS), log.promise);
  await watched.clock.advance(60_000);
  // As many as may wait for a turn, and as many as may wait for the log.
  expect(watched.polls).toBeLessThanOrEqual((2 * MAX_RPS) / 4);
  log.resolve();
  await settle();
  await watched.clock.advance(60_000);
  expect(watched.polls).toBeGreaterThanOrEqual(0.9 * MAX_RPS * 60);
  await watched.stop();
});
