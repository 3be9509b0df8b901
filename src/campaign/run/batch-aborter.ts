import type { Clock } from '../../adobe/clock.js';
import type { Logger } from '../../adobe/logger.js';
import type { AbandonedBatchStore } from '../state/abandoned-batch-store.js';

const SHORTEST_RETRY_MS = 1_000;
/** The longest pause between two tries if Platform is down for long. */
const LONGEST_RETRY_MS = 5 * 60_000;

/**
 * Ask Platform to abort the batches that nobody will complete, until it has. It begins with those in the store.
 */
export function createBatchAborter({
  batches,
  abort,
  clock,
  logger,
}: {
  readonly batches: AbandonedBatchStore;
  /** Resolves once the batch is over on Platform, whether this call ended it or not. */
  readonly abort: (batchId: string, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}) {
  const stopping = new AbortController();
  const { signal } = stopping;
  let isWorking = false;
  let worked: Promise<void> = Promise.resolve();

  async function abortAll(): Promise<void> {
    let retryMs = SHORTEST_RETRY_MS;
    try {
      for (let pending = batches.all(); pending.length > 0; pending = batches.all()) {
        let isAnyLeft = false;
        for (const batchId of pending) isAnyLeft = !(await abortOne(batchId)) || isAnyLeft;
        if (!isAnyLeft) continue;
        await clock.wait(retryMs, signal);
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      }
    } catch (error) {
      if (!signal.aborted) logger.error({ err: error }, 'aborting batches has ended');
    } finally {
      // In the same turn as the last look at the store, so that a later batch finds nobody at work, and wakes the
      // aborter.
      isWorking = false;
    }
  }

  async function abortOne(batchId: string): Promise<boolean> {
    try {
      await abort(batchId, signal);
      batches.remove(batchId);
      logger.info({ batchId }, 'a batch was aborted on Platform');
      return true;
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ batchId, err: error }, 'a batch could not be aborted on Platform yet');
      return false;
    }
  }

  function wake(): void {
    if (isWorking || signal.aborted) return;
    isWorking = true;
    worked = abortAll();
  }

  wake();
  return {
    /** Look at the store again, because there may be more in it. */
    wake,
    /** Stop. The next start handles batches that are not aborted by then. */
    async stop(): Promise<void> {
      stopping.abort();
      await worked;
    },
  };
}
