import { Field, ObjectType } from 'type-graphql';
import type { IngestionBatch as DomainBatch } from '../ingestion/ingestion-batch.js';
import { createEnum } from './enum.js';
import { ID, SafeInt } from './scalars.js';

/** Platform's documented batch statuses, and one for undocumented ones. */
export const IngestionBatchStatus = createEnum(
  'IngestionBatchStatus',
  'The status of a batch, as Adobe Experience Platform documents it.',
  {
    ABANDONED: 'It was not completed in time.',
    ABORTED: 'Its producer aborted it.',
    ACTIVE: 'It was promoted, and can be read.',
    ARCHIVED: 'It was archived, and can be restored.',
    FAILED: 'It ended in an error. Platform also calls this `failure`.',
    INACTIVE: 'It was promoted, then reverted or expired.',
    LOADED: 'Its files are complete, and it can be promoted.',
    LOADING: 'Its files are being written.',
    PENDING: 'It waits to be promoted.',
    PROCESSING: 'It is being processed.',
    QUEUED: 'It waits to be processed.',
    RETRYING: 'It could not be processed, and will be tried again.',
    STAGED: 'The staging of its files is complete.',
    STAGING: 'Its files are being staged.',
    STALLED: 'It was retried too often, and is on hold.',
    SUCCESS: 'It was ingested; some of its records may have been rejected.',
    UNKNOWN: 'Platform used an undocumented word: see `statusText`.',
  },
);
type BatchStatus = keyof typeof IngestionBatchStatus;

@ObjectType({ description: 'What is wrong with some records of a batch.' })
export class IngestionBatchError {
  @Field({ description: 'Platform’s code, such as `INGEST-1555-400`.' })
  readonly code!: string;

  @Field({ description: 'Platform’s text, verbatim.' })
  readonly description!: string;

  @Field(() => SafeInt, {
    nullable: true,
    description:
      'How many records it concerns; null if Platform doesn’t say, as for a batch without error diagnostics.',
  })
  readonly numRecords!: number | null;
}

@ObjectType({
  description:
    'The files of one ingestion, as Adobe Experience Platform knows them. A count is null until Platform reports it.',
})
export class IngestionBatch {
  @Field(() => ID, { description: 'Its id in Platform.' })
  readonly batchId!: string;

  @Field(() => IngestionBatchStatus)
  readonly status!: BatchStatus;

  @Field({ description: 'The status as Platform reports it, such as `success`.' })
  readonly statusText!: string;

  @Field(() => SafeInt, { nullable: true, description: 'Records in its files.' })
  readonly numRecords!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Records that Platform accepted; 0 if the batch failed.',
  })
  readonly numIngested!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Records that Platform rejected. A batch that succeeded may have some, too.',
  })
  readonly numFailed!: number | null;

  @Field(() => [IngestionBatchError], {
    description: 'Why records were rejected, summary first; empty if none were.',
  })
  readonly errors!: readonly IngestionBatchError[];
}

/** A batch as clients see it. */
export function toIngestionBatch(batch: DomainBatch): IngestionBatch {
  return { ...batch, status: toBatchStatus(batch.status), statusText: batch.status };
}

/** The words may have any case, and one of them has two forms. */
function toBatchStatus(word: string): BatchStatus {
  const name = word.toUpperCase();
  if (name === 'FAILURE') return 'FAILED';
  return Object.hasOwn(IngestionBatchStatus, name) ? (name as BatchStatus) : 'UNKNOWN';
}
