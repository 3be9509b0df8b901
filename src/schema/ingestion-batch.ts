import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { IngestionBatch as DomainBatch } from '../ingestion/ingestion-batch.js';
import { ID, SafeInt } from './scalars.js';

/** Platform's documented batch statuses, and one for undocumented ones. */
export enum IngestionBatchStatus {
  ABANDONED = 'ABANDONED',
  ABORTED = 'ABORTED',
  ACTIVE = 'ACTIVE',
  ARCHIVED = 'ARCHIVED',
  FAILED = 'FAILED',
  INACTIVE = 'INACTIVE',
  LOADED = 'LOADED',
  LOADING = 'LOADING',
  PENDING = 'PENDING',
  PROCESSING = 'PROCESSING',
  QUEUED = 'QUEUED',
  RETRYING = 'RETRYING',
  STAGED = 'STAGED',
  STAGING = 'STAGING',
  STALLED = 'STALLED',
  SUCCESS = 'SUCCESS',
  UNKNOWN = 'UNKNOWN',
}

registerEnumType(IngestionBatchStatus, {
  name: 'IngestionBatchStatus',
  description: 'The status of a batch, as Adobe Experience Platform documents it.',
  valuesConfig: {
    ABANDONED: { description: 'It was not completed in time.' },
    ABORTED: { description: 'Its producer aborted it.' },
    ACTIVE: { description: 'It was promoted, and can be read.' },
    ARCHIVED: { description: 'It was archived, and can be restored.' },
    FAILED: { description: 'It ended in an error. Platform also calls this `failure`.' },
    INACTIVE: { description: 'It was promoted, then reverted or expired.' },
    LOADED: { description: 'Its files are complete, and it can be promoted.' },
    LOADING: { description: 'Its files are being written.' },
    PENDING: { description: 'It waits to be promoted.' },
    PROCESSING: { description: 'It is being processed.' },
    QUEUED: { description: 'It waits to be processed.' },
    RETRYING: { description: 'It could not be processed, and will be tried again.' },
    STAGED: { description: 'The staging of its files is complete.' },
    STAGING: { description: 'Its files are being staged.' },
    STALLED: { description: 'It was retried too often, and is on hold.' },
    SUCCESS: { description: 'It was ingested; some of its records may have been rejected.' },
    UNKNOWN: { description: 'Platform used an undocumented word: see `statusText`.' },
  },
});

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
  readonly status!: IngestionBatchStatus;

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
function toBatchStatus(word: string): IngestionBatchStatus {
  const name = word.toUpperCase();
  if (name === 'FAILURE') return IngestionBatchStatus.FAILED;
  return Object.hasOwn(IngestionBatchStatus, name)
    ? IngestionBatchStatus[name as keyof typeof IngestionBatchStatus]
    : IngestionBatchStatus.UNKNOWN;
}
