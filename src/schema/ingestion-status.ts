import type { IngestionStatus as DomainStatus } from '../ingestion/ingestion-request.js';
import { createEnum } from './enum.js';

/** The domain's statuses. */
export const IngestionStatus = createEnum<DomainStatus>(
  'IngestionStatus',
  'The status of an ingestion request. All but IN_PROGRESS are terminal.',
  {
    IN_PROGRESS: 'A batch is being prepared or uploaded.',
    SUCCESS: 'Everything was ingested; `numRecords` says how many records.',
    FAILED: 'It ended in an error; `failure` says which.',
    ABORTED:
      'The ingestion service itself gave up, perhaps after ingesting some records. You may submit a new request.',
  },
);
