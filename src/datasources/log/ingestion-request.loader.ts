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
 * A loader for one operation, or for one delivered transition of a subscription. It caches what it has loaded, so a
 * loader that lived longer would return outdated requests.
 */
export function createIngestionRequestLoader(log: IngestionLog): IngestionRequestLoader {
  return new DataLoader((refs) => log.find(refs), { cacheKeyFn: toRequestKey });
}
