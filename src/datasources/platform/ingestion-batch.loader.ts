import DataLoader from 'dataloader';
import type { IngestionBatch } from '../../ingestion/ingestion-batch.js';
import type { BatchCatalog } from '../../ingestion/ports.js';

/** Look-ups of batches, each done once. */
export type IngestionBatchLoader = DataLoader<string, IngestionBatch | null>;

/**
 * A loader for one operation, or for one delivered transition of a subscription. Platform can't look up several
 * batches by id, so each gets its own call, all at the same time.
 */
export function createIngestionBatchLoader(
  platform: BatchCatalog,
  caller: string,
): IngestionBatchLoader {
  return new DataLoader((batchIds) =>
    Promise.all(
      batchIds.map((batchId) =>
        platform.find(batchId, caller).catch((error: Error): Error => error),
      ),
    ),
  );
}
