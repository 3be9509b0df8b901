import { type AbandonedBatchStore, createAbandonedBatchStore } from './abandoned-batch-store.js';
import { createJobStore, type JobStore } from './job-store.js';
import { createMappingStore, type MappingStore } from './mapping-store.js';
import { createOldJobStore, type OldJobStore } from './old-job-store.js';
import { createPlatformBinding, type PlatformBinding } from './platform-binding.js';
import { createRequestStore, type RequestStore } from './request-store.js';
import { openState, type StateDatabase } from './state-database.js';
import { createWatermarkStore, type WatermarkStore } from './watermark-store.js';

/** Everything that the service must not forget, in one database. */
export interface State extends Pick<StateDatabase, 'transaction' | 'close'> {
  /** Different for each new state, because its request ids start over. Empty in a state from before ids. */
  readonly id: string;
  readonly platform: PlatformBinding;
  readonly mappings: MappingStore;
  readonly watermarks: WatermarkStore;
  readonly jobs: JobStore;
  readonly oldJobs: OldJobStore;
  readonly requests: RequestStore;
  readonly abandonedBatches: AbandonedBatchStore;
}

/**
 * Open the state's database with its stores, and create it if necessary.
 *
 * @throws {StateUnusableError}
 */
export function createState(path: string): State {
  const database = openState(path);
  const { id } = database.sql.prepare('SELECT id FROM origin').get() as { id: string };
  return {
    id,
    transaction: database.transaction,
    close: database.close,
    platform: createPlatformBinding(database),
    mappings: createMappingStore(database),
    watermarks: createWatermarkStore(database),
    jobs: createJobStore(database),
    oldJobs: createOldJobStore(database),
    requests: createRequestStore(database),
    abandonedBatches: createAbandonedBatchStore(database),
  };
}
