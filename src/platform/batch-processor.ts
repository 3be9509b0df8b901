import type { Clock } from '../adobe/clock.js';
import type { Logger } from '../adobe/logger.js';
import { type Batch, PRE_CHECK_STATUSES } from './batch.js';
import type { BatchFolder } from './batch-folder.js';
import type { Checker } from './checker.js';

/** Create what moves batches from status to status; it has no batch yet. */
export function createBatchProcessor(options: {
  readonly checker: Pick<Checker, 'check'>;
  /** How long a batch rests in each status between COMPLETE and its processing. In ms. */
  readonly stepMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Store what has changed about a batch, and return the whole batch. */
  change(batch: Batch, changes: Partial<Batch>): Batch;
  folderOf(id: string): BatchFolder;
}) {
  const { checker, stepMs, clock, logger, change, folderOf } = options;
  const processings = new Map<string, { readonly ending: AbortController; ended: Promise<void> }>();

  async function waitStep(signal: AbortSignal): Promise<void> {
    await clock.wait(stepMs, signal);
    signal.throwIfAborted();
  }

  async function ingest(completed: Batch, signal: AbortSignal): Promise<void> {
    let batch = completed;
    const first = PRE_CHECK_STATUSES.indexOf(batch.status);
    for (const status of first === -1 ? [] : PRE_CHECK_STATUSES.slice(first)) {
      if (batch.status !== status) batch = change(batch, { status });
      await waitStep(signal);
    }
    batch = change(batch, { status: 'processing', startedAt: batch.startedAt ?? clock.now() });
    try {
      const verdict = await checker.check(batch, signal);
      signal.throwIfAborted();
      change(batch, { ...verdict, completedAt: clock.now() });
    } catch (error) {
      if (signal.aborted) return;
      logger.error({ batchId: batch.id, err: error }, 'batch stalled');
      change(batch, { status: 'stalled' });
    }
  }

  async function remove(batch: Batch, signal: AbortSignal): Promise<void> {
    await waitStep(signal);
    await folderOf(batch.id).remove();
    change(batch, { status: 'deleted' });
  }

  return {
    /** Move a batch on, from its current status, until it rests. */
    begin(batch: Batch): void {
      const ending = new AbortController();
      const ended = (batch.status === 'inactive' ? remove : ingest)(batch, ending.signal)
        .catch((error: unknown) => {
          if (ending.signal.aborted) return;
          logger.error({ batchId: batch.id, err: error }, 'batch left where it is');
        })
        .finally(() => {
          if (processings.get(batch.id)?.ending === ending) processings.delete(batch.id);
        });
      processings.set(batch.id, { ending, ended });
    },

    /** Stop moving a batch. */
    end: (id: string) => processings.get(id)?.ending.abort(),

    /** Stop moving all batches, and wait until nothing moves. */
    async stop(): Promise<void> {
      const known = [...processings.values()];
      for (const { ending } of known) ending.abort();
      await Promise.all(known.map(({ ended }) => ended));
    },
  };
}
