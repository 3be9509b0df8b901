import { createIngestionLog } from '../../src/datasources/log/ingestion-log.datasource.js';
import { openWatchQueue } from '../../src/datasources/log/watch-queue.datasource.js';
import type { Clock, IngestionLog, WatchQueue } from '../../src/ingestion/ports.js';
import type { WatcherEvents } from '../../src/watch/watcher.js';
import { type MemoryDatabase, openMemoryDatabase } from './memory-database.js';

/** Events without listeners. */
export const noWatcherEvents: WatcherEvents = {
  onTransition() {},
  onRegression() {},
  onPollFailed() {},
  onForgotten() {},
  onQueueFailed(error) {
    throw error;
  },
};

/** How long a claim is held, in ms. */
export const HOLD_MS = 15_000;

/** A log in memory with its queue of due polls. */
export async function openMemoryWatches(clock: Clock): Promise<{
  readonly database: MemoryDatabase;
  readonly log: IngestionLog;
  readonly queue: WatchQueue;
}> {
  const database = await openMemoryDatabase();
  const log = await createIngestionLog(database, clock);
  const queue = await openWatchQueue({
    database,
    log,
    clock,
    holdMs: HOLD_MS,
    maxRetryAfterMs: 600_000,
  });
  return { database, log, queue };
}

/** A queue in which nothing is ever due. */
export const emptyQueue: WatchQueue = {
  claim: async () => ({ due: [], nextInMs: Number.POSITIVE_INFINITY }),
  settle: async () => 'goesOn',
  release: async () => {},
  end: async () => false,
  prioritize: async () => {},
  report: async () => null,
  recall: () => null,
  count: async () => 0,
};
