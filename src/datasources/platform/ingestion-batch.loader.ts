import DataLoader from 'dataloader';
import type { IngestionBatch } from '../../ingestion/ingestion-batch.js';
import type { BatchCatalog } from '../../ingestion/ports.js';

/** Look-ups of batches, each made once. */
export type IngestionBatchLoader = DataLoader<string, IngestionBatch | null>;

/**
 * A loader to be used for one operation, or for one delivered transition of a subscription. Platform has no
 * look-up of several batches by their ids: they are asked for one by one, side by side.
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
