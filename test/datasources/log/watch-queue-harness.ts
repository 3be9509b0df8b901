import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { sql } from 'kysely';
import {
  createIngestionLog,
  type DurableIngestionLog,
} from '../../../src/datasources/log/ingestion-log.datasource.js';
import type { LogDatabase } from '../../../src/datasources/log/log-database.js';
import { openWatchQueue } from '../../../src/datasources/log/watch-queue.datasource.js';
import type { ReportedState, RequestRef } from '../../../src/ingestion/ingestion-request.js';
import type { Clock, PollOutcome, WatchQueue } from '../../../src/ingestion/ports.js';
import { deleteDatabase, openTestLog } from '../../support/log-database.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { standInFor } from '../../support/stand-in.js';

export const HOLD_MS = 15_000;
export const MAX_RETRY_AFTER_MS = 600_000;
export const DAY_MS = 86_400_000;
export const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
export const done: ReportedState = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 };

export const toRef = (requestId: string): RequestRef => ({ mappingId: 'm', requestId });

/** A queue in a database, on a clock that the test drives. */
export interface UsedWatchQueue {
  readonly database: LogDatabase;
  readonly log: DurableIngestionLog;
  readonly clock: ManualClock;
  readonly queue: WatchQueue;
  /** Open a second queue on the same database. */
  open(): Promise<WatchQueue>;
  /** Continue as the next process, by default on the same clock. */
  reopen(clock?: Clock): Promise<void>;
  /** Advance the time of the process and of the database, in which everything moves into the past. */
  pass(ms: number): Promise<void>;
  /** Set the database’s clock forward; negative: back. */
  setDatabaseClock(ms: number): Promise<void>;
  /** Append a request that runs; with a gap, its next poll is planned. */
  begin(requestId: string, gapMs?: number): Promise<void>;
  observed(requestId: string, gapMs: number): PollOutcome;
  failed(
    requestId: string,
    gapMs: number,
    how?: { readonly isUnknown?: boolean; readonly retryAfterMs?: number },
  ): PollOutcome;
  /** The ids of the requests that are due now, sorted. */
  claim(limit?: number, from?: WatchQueue): Promise<string[]>;
}

/** Open a queue for each test of the file that calls this. */
export function useWatchQueue(): UsedWatchQueue {
  let dataDir: string;
  let database: LogDatabase;
  let log: DurableIngestionLog;
  let clock: ManualClock;
  let queue: WatchQueue;

  const open = (clockOfQueue: Clock = clock): Promise<WatchQueue> =>
    openWatchQueue({
      database,
      log,
      clock: clockOfQueue,
      holdMs: HOLD_MS,
      maxRetryAfterMs: MAX_RETRY_AFTER_MS,
    });

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'log-'));
    database = await openTestLog(dataDir);
    log = await createIngestionLog(database);
    clock = createManualClock();
    queue = await open();
  });

  afterEach(async () => {
    await log.close();
    await deleteDatabase(dataDir);
  });

  async function setDatabaseClock(ms: number): Promise<void> {
    await sql`update poll_clock set at = at - ${ms}`.execute(database.db);
    await sql`update watches set claimed_until = claimed_until - ${ms}, not_before = not_before - ${ms},
      last_observed_at = last_observed_at - ${ms}, last_polled_at = last_polled_at - ${ms},
      wanted_at = wanted_at - ${ms}, unknown_since = unknown_since - ${ms},
      ended_at = ended_at - ${ms}`.execute(database.db);
  }

  function observed(requestId: string, gapMs: number): PollOutcome {
    const planned = { ref: toRef(requestId), gapMs, awaitedGapMs: gapMs / 2, isAwaited: false };
    return { ...planned, kind: 'observed', observedMs: clock.monotonicMs(), isPolled: true };
  }

  return {
    database: standInFor(() => database),
    log: standInFor(() => log),
    clock: standInFor(() => clock),
    queue: standInFor(() => queue),
    open,
    async reopen(clockOfQueue) {
      queue = await open(clockOfQueue);
    },
    async pass(ms) {
      await clock.advance(ms);
      if (database.kind === 'postgres') await setDatabaseClock(ms);
    },
    setDatabaseClock,
    async begin(requestId, gapMs) {
      await log.append({ ref: toRef(requestId), seen: running, observedAt: clock.now() });
      if (gapMs !== undefined) await queue.settle(observed(requestId, gapMs), 'interactive');
    },
    observed,
    failed: (requestId, gapMs, { isUnknown = false, retryAfterMs = 0 } = {}) => ({
      ref: toRef(requestId),
      gapMs,
      awaitedGapMs: gapMs / 2,
      isAwaited: false,
      kind: 'failed',
      consecutiveFailures: 1,
      failure: { code: 'UPSTREAM_TIMEOUT', message: 'late', at: clock.now() },
      retryAfterMs,
      isUnknown,
    }),
    async claim(limit = 100, from = queue) {
      const { due } = await from.claim(limit);
      return due.map(({ record }) => record.ref.requestId).sort();
    },
  };
}
