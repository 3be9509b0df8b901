import DataLoader from 'dataloader';
import { type RequestRef, toRequestKey } from '../../ingestion/ingestion-request.js';
import type { StartLog } from '../../ingestion/ports.js';
import type { Lineage } from '../../ingestion/start-intent.js';

/** The places of requests among tries, looked up in batches. */
export type LineageLoader = DataLoader<RequestRef, Lineage, string>;

/** A loader for one operation, or for one delivered transition of a subscription. */
export function createLineageLoader(starts: Pick<StartLog, 'lineages'>): LineageLoader {
  return new DataLoader((refs) => starts.lineages(refs), { cacheKeyFn: toRequestKey });
}
