import type { Clock } from '../adobe/clock.js';
import type { Logger } from '../adobe/logger.js';
import type { BatchFolder } from './batch-folder.js';
import type { BatchStore } from './batch-store.js';

/** The time between two looks, in ms. */
const INTERVAL_MS = 60 * 60_000;

/**
 * Forget old batches, with their files, from now on. A batch's files are deleted before the batch. If the process ends
 * in between, the next look finds the batch, so no unknown personal data is left.
 *
 * @returns ends that
 */
export function startBatchPruner(parts: {
  readonly store: Pick<BatchStore, 'past' | 'forget'>;
  folderOf(id: string): Pick<BatchFolder, 'remove'>;
  /** From the last change of a batch, in ms. */
  readonly retentionMs: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}): () => Promise<void> {
  const { store, folderOf, retentionMs, clock, logger } = parts;
  let isStopping = false;

  async function prune(): Promise<void> {
    try {
      const past = store.past(clock.now() - retentionMs);
      for (const id of past) if (!isStopping) await forget(id);
    } catch (error) {
      logger.error({ err: error }, 'old batches could not be found');
    }
  }

  /** A batch that can't be forgotten delays no others, and is tried again. */
  async function forget(id: string): Promise<void> {
    try {
      await folderOf(id).remove();
      store.forget(id);
    } catch (error) {
      logger.error({ batchId: id, err: error }, 'an old batch could not be forgotten');
    }
  }

  let pruning = prune();
  const timer = setInterval(() => {
    pruning = pruning.then(prune);
  }, INTERVAL_MS);
  timer.unref();

  return async () => {
    isStopping = true;
    clearInterval(timer);
    await pruning;
  };
}
