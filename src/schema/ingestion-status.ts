import { registerEnumType } from 'type-graphql';
import type { IngestionStatus as DomainStatus } from '../ingestion/ingestion-request.js';

/** The domain's statuses as an object, because TypeGraphQL can't register a union of strings. */
export const IngestionStatus = {
  IN_PROGRESS: 'IN_PROGRESS',
  SUCCESS: 'SUCCESS',
  FAILED: 'FAILED',
  ABORTED: 'ABORTED',
} as const satisfies { [Status in DomainStatus]: Status };

registerEnumType(IngestionStatus, {
  name: 'IngestionStatus',
  description: 'The status of an ingestion request. All but IN_PROGRESS are terminal.',
  valuesConfig: {
    IN_PROGRESS: { description: 'A batch is being prepared or uploaded.' },
    SUCCESS: { description: 'Everything was ingested; `numRecords` says how many records.' },
    FAILED: { description: 'It ended in an error; `failure` says which.' },
    ABORTED: {
      description:
        'The ingestion service itself gave up, perhaps after ingesting some records. You may submit a new request.',
    },
  },
});
