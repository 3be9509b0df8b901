import { join } from 'node:path';
import type { Clock } from '../adobe/clock.js';
import type { Logger } from '../adobe/logger.js';
import { AUTOMATIC_STATUSES, type Batch, type BatchAction, outcomeOf } from './batch.js';
import { createBatchFolder } from './batch-folder.js';
import { createBatchProcessor } from './batch-processor.js';
import { startBatchPruner } from './batch-pruner.js';
import type { BatchFilter, BatchStore } from './batch-store.js';
import type { Checker } from './checker.js';
import { Problem } from './problem.js';

/** All batches, and the actions on them. */
export type Batches = ReturnType<typeof createBatches>;

/** Create the batches from what the store knows. */
export function createBatches(options: {
  readonly store: BatchStore;
  readonly checker: Checker;
  /** The folder of their folders. */
  readonly dir: string;
  /** How long a batch rests in each status between COMPLETE and its processing. In ms. */
  readonly stepMs: number;
  /** How long a resting batch is kept, in ms. */
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}) {
  const { store, checker, dir, clock, logger } = options;
  const folderOf = (id: string) => createBatchFolder(join(dir, id));
  const processor = createBatchProcessor({ ...options, change, folderOf });
  let stopPruner = async () => {};

  function change(batch: Batch, changes: Partial<Batch>): Batch {
    const updatedAt = clock.now();
    const changed = { ...batch, ...changes, updatedAt, revision: batch.revision + 1 };
    store.replace(changed);
    logger.info({ batchId: batch.id, status: changed.status }, 'batch changed');
    return changed;
  }

  function find(id: string): Batch {
    const batch = store.find(id);
    if (batch === undefined) throw new Problem(404, `There is no batch ${id}`);
    return batch;
  }

  function findLoading(id: string): Batch {
    const batch = find(id);
    if (batch.status === 'loading') return batch;
    throw new Problem(400, `Batch ${id} takes no files: its status is ${batch.status}`);
  }

  return {
    /** @throws {Problem} 404 */
    find,
    folderOf,
    list: (filter: BatchFilter) => store.list(filter),

    /** @throws {Problem} 400, the external id is in use */
    async add(batch: Batch): Promise<void> {
      // The folder first, because every known batch has one.
      await folderOf(batch.id).make();
      if (store.add(batch)) return;
      await folderOf(batch.id).remove();
      throw new Problem(400, `A batch with the external id ${batch.externalId} exists`);
    },

    /** @throws {Problem} 404, there is no such batch; 400, it no longer accepts files */
    findLoading,

    /**
     * Add a complete file, which is already on disk, to the batch. It replaces one with the same name. Its records are
     * checked from now on.
     *
     * @throws {Problem} 400, the batch no longer accepts files, or is full
     */
    async take(id: string, temporary: string, name: string): Promise<void> {
      await folderOf(id).take(temporary, name, () => void findLoading(id));
      checker.fileArrived(find(id), name);
    },

    /**
     * Perform an action on a batch. Safe to repeat.
     *
     * @returns the batch in its new state
     * @throws {Problem} 404; 400, its status does not allow that
     */
    act(id: string, action: BatchAction): Batch {
      const batch = find(id);
      const outcome = outcomeOf(action, batch.status);
      switch (outcome.kind) {
        case 'done':
          return batch;
        case 'refused':
          throw new Problem(400, `Batch ${id} cannot ${action}: its status is ${batch.status}`);
        case 'moved': {
          processor.end(id);
          const hasEnded = outcome.status === 'aborted' || outcome.status === 'failed';
          const end = hasEnded ? { completedAt: clock.now() } : {};
          const moved = change(batch, { status: outcome.status, ...end });
          if (!hasEnded) processor.begin(moved);
          return moved;
        }
      }
    },

    /** Continue with the batches of the previous process, and forget old ones at regular times. */
    resume(): void {
      for (const status of AUTOMATIC_STATUSES) {
        for (const batch of store.list({ ...ALL, status })) processor.begin(batch);
      }
      stopPruner = startBatchPruner({ ...options, folderOf });
    },

    /** Leave work in progress where it can be resumed. */
    async stop(): Promise<void> {
      await Promise.all([processor.stop(), stopPruner()]);
    },
  };
}

const ALL = { order: [], limit: -1, start: 0 } as const;
