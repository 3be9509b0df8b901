import { createAbandonedBatchStore } from './abandoned-batch-store.js';
import { createJobStore } from './job-store.js';
import { createMappingStore } from './mapping-store.js';
import { createOldJobStore } from './old-job-store.js';
import { bindToPlatform } from './platform-binding.js';
import { createRequestStore } from './request-store.js';
import { openState } from './state-database.js';
import { createWatermarkStore } from './watermark-store.js';

/** Everything that the service must not forget, in one database. */
export type State = ReturnType<typeof createState>;

/**
 * Open the state's database with its stores, and create it if necessary.
 *
 * @throws {StateUnusableError}
 */
export function createState(path: string) {
  const database = openState(path);
  const { id } = database.sql.prepare('SELECT id FROM origin').get() as { id: string };
  return {
    /** Different for each new state, because its request ids start over. Empty in a state from before ids. */
    id,
    transaction: database.transaction,
    close: database.close,
    /** @see {@link bindToPlatform} */
    bindTo: (platform: Parameters<typeof bindToPlatform>[1]) => bindToPlatform(database, platform),
    mappings: createMappingStore(database),
    watermarks: createWatermarkStore(database),
    jobs: createJobStore(database),
    oldJobs: createOldJobStore(database),
    requests: createRequestStore(database),
    abandonedBatches: createAbandonedBatchStore(database),
  };
}
