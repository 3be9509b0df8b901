import { createBatchWriter, TargetError } from './batch-writer.js';
import type { Clock } from './clock.js';
import type { Mapping } from './mapping.js';
import { createPace } from './pace.js';
import { readRecords } from './record-source.js';
import { SourceError } from './source-record.js';
import { createShaper } from './xdm-record.js';

/** How a run ended. `batchId` is null where no file of its batch was written. */
export type RunOutcome =
  | { readonly kind: 'succeeded'; readonly numRecords: number; readonly batchId: string | null }
  | {
      readonly kind: 'failed';
      readonly cause: SourceError | TargetError;
      readonly batchId: string | null;
    }
  /** Stopped from outside. */
  | { readonly kind: 'aborted'; readonly batchId: string | null };

/**
 * Ingest a mapping's source: read each record, shape it, write it to a new batch, at the mapping's pace.
 *
 * @param batchesDir - the folder that batches are written to; made where there is none
 * @param signal - stops the run between two records
 * @throws only what a fault of this program throws
 */
export async function runIngestion(
  mapping: Mapping,
  batchesDir: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const batch = createBatchWriter(batchesDir, mapping.id, mapping.target);
  try {
    const pace = createPace(mapping.recordsPerSecond, clock, signal);
    const shape = createShaper(mapping.fields);
    const columns = mapping.fields.map(({ column }) => column);
    for await (const record of readRecords(mapping.source, columns)) {
      await pace.next();
      await batch.append(shape(record));
    }
    signal.throwIfAborted();
    return { kind: 'succeeded', numRecords: await batch.complete(), batchId: batch.batchId };
  } catch (cause) {
    await batch.abandon();
    const { batchId } = batch;
    if (cause instanceof SourceError || cause instanceof TargetError) {
      return { kind: 'failed', cause, batchId };
    }
    if (signal.aborted) return { kind: 'aborted', batchId };
    throw cause;
  }
}
