import { join } from 'node:path';
import type { Clock } from '../adobe/clock.js';
import type { Logger } from '../adobe/logger.js';
import { AUTOMATIC_STATUSES, type Batch, type BatchAction, outcomeOf } from './batch.js';
import { type BatchFolder, createBatchFolder } from './batch-folder.js';
import { createBatchProcessor } from './batch-processor.js';
import { type BatchPruner, createBatchPruner } from './batch-pruner.js';
import type { BatchFilter, BatchStore } from './batch-store.js';
import type { Checker } from './checker.js';
import { Problem } from './problem.js';

/** All batches, and the actions on them. */
export interface Batches {
  /** @throws {Problem} 400, the external id is in use */
  add(batch: Batch): Promise<void>;
  /** @throws {Problem} 404 */
  find(id: string): Batch;
  /** @throws {Problem} 404, there is no such batch; 400, it no longer accepts files */
  findLoading(id: string): Batch;
  list(filter: BatchFilter): Batch[];
  folderOf(id: string): BatchFolder;
  /**
   * Add a complete file, which is already on disk, to the batch. It replaces one with the same name. Its records are
   * checked from now on.
   *
   * @throws {Problem} 400, the batch no longer accepts files, or is full
   */
  take(id: string, temporary: string, name: string): Promise<void>;
  /**
   * Perform an action on a batch. Safe to repeat.
   *
   * @returns the batch in its new state
   * @throws {Problem} 404; 400, its status does not allow that
   */
  act(id: string, action: BatchAction): Batch;
  /** Continue with the batches of the previous process, and forget old ones at regular times. */
  resume(): void;
  /** Leave work in progress where it can be resumed. */
  stop(): Promise<void>;
}

/** What the batches are made of, and the pace of their processor. */
export interface BatchesOptions {
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
}

/** Create the batches from what the store knows. */
export function createBatches(options: BatchesOptions): Batches {
  const { store, checker, dir, clock, logger } = options;
  const folderOf = (id: string) => createBatchFolder(join(dir, id));
  const processor = createBatchProcessor({ ...options, change, folderOf });
  let pruner: BatchPruner | null = null;

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
    find,
    folderOf,
    list: (filter) => store.list(filter),

    async add(batch) {
      // The folder first, because every known batch has one.
      await folderOf(batch.id).make();
      if (store.add(batch)) return;
      await folderOf(batch.id).remove();
      throw new Problem(400, `A batch with the external id ${batch.externalId} exists`);
    },

    findLoading,

    async take(id, temporary, name) {
      await folderOf(id).take(temporary, name, () => void findLoading(id));
      checker.fileArrived(find(id), name);
    },

    act(id, action) {
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

    resume() {
      for (const status of AUTOMATIC_STATUSES) {
        for (const batch of store.list({ ...ALL, status })) processor.begin(batch);
      }
      pruner = createBatchPruner({ ...options, folderOf });
    },

    async stop() {
      await Promise.all([processor.stop(), pruner?.stop()]);
    },
  };
}

const ALL = { order: [], limit: -1, start: 0 } as const;
