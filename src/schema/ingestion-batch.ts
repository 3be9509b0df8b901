import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { IngestionBatch as DomainBatch } from '../ingestion/ingestion-batch.js';
import { ID, SafeInt } from './scalars.js';

/** What Platform documents as statuses of a batch, and what it does not. */
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
  description: 'Where a batch stands, as Adobe Experience Platform documents it.',
  valuesConfig: {
    ABANDONED: { description: 'It was not completed in time.' },
    ABORTED: { description: 'Whoever wrote it gave it up.' },
    ACTIVE: { description: 'It was promoted, and can be read.' },
    ARCHIVED: { description: 'It was put away, and can be restored.' },
    FAILED: { description: 'It came to an end in an error; Platform also calls that `failure`.' },
    INACTIVE: { description: 'It was promoted, and was reverted or has expired.' },
    LOADED: { description: 'Its files are complete, and it can be promoted.' },
    LOADING: { description: 'Its files are being written.' },
    PENDING: { description: 'It waits to be promoted.' },
    PROCESSING: { description: 'It is being processed.' },
    QUEUED: { description: 'It waits to be processed.' },
    RETRYING: { description: 'It could not be processed, and is tried again.' },
    STAGED: { description: 'The staging of its files is complete.' },
    STAGING: { description: 'Its files are being staged.' },
    STALLED: { description: 'It was tried again too often, and rests.' },
    SUCCESS: { description: 'It was ingested; some of its records may have been refused.' },
    UNKNOWN: { description: 'Platform uses a word that it does not document: see `statusText`.' },
  },
});

@ObjectType({ description: 'What is wrong with records of a batch.' })
export class IngestionBatchError {
  @Field({ description: 'Platform’s code, such as `INGEST-1555-400`.' })
  readonly code!: string;

  @Field({ description: 'Platform’s text, verbatim.' })
  readonly description!: string;

  @Field(() => SafeInt, {
    nullable: true,
    description:
      'How many records it is about; null where Platform does not say, as in a batch without error diagnostics.',
  })
  readonly numRecords!: number | null;
}

@ObjectType({
  description:
    'The files of one ingestion, as Adobe Experience Platform knows them. A count is null as long as Platform does not say.',
})
export class IngestionBatch {
  @Field(() => ID, { description: 'Platform’s id of it.' })
  readonly batchId!: string;

  @Field(() => IngestionBatchStatus)
  readonly status!: IngestionBatchStatus;

  @Field({ description: 'The status in Platform’s word, such as `success`.' })
  readonly statusText!: string;

  @Field(() => SafeInt, { nullable: true, description: 'Records in its files.' })
  readonly numRecords!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Records that Platform took; 0 where the batch failed.',
  })
  readonly numIngested!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Records that Platform refused; a batch that succeeded may have some, too.',
  })
  readonly numFailed!: number | null;

  @Field(() => [IngestionBatchError], {
    description: 'Why records were refused, a summary first; empty where none were.',
  })
  readonly errors!: readonly IngestionBatchError[];
}

/** A batch as clients see it. */
export function toIngestionBatch(batch: DomainBatch): IngestionBatch {
  return { ...batch, status: toBatchStatus(batch.status), statusText: batch.status };
}

/** The words come in any case, and one of them in two forms. */
function toBatchStatus(word: string): IngestionBatchStatus {
  const name = word.toUpperCase();
  if (name === 'FAILURE') return IngestionBatchStatus.FAILED;
  return Object.hasOwn(IngestionBatchStatus, name)
    ? IngestionBatchStatus[name as keyof typeof IngestionBatchStatus]
    : IngestionBatchStatus.UNKNOWN;
}
