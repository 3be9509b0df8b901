import DataLoader from 'dataloader';
import {
  type IngestionRecord,
  type RequestRef,
  toRequestKey,
} from '../../ingestion/ingestion-request.js';
import type { IngestionLog } from '../../ingestion/ports.js';

/** Look-ups in the log, batched and deduplicated. */
export type IngestionRequestLoader = DataLoader<RequestRef, IngestionRecord | null, string>;

/**
 * A loader to be used for one operation, or for one delivered transition of a subscription: what it has
 * loaded it keeps, so one that lives longer would serve what was and not what is.
 */
export function createIngestionRequestLoader(log: IngestionLog): IngestionRequestLoader {
  return new DataLoader((refs) => log.find(refs), { cacheKeyFn: toRequestKey });
}
