import { Field, ObjectType } from 'type-graphql';
import { ID, SafeInt } from './scalars.js';

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
  readonly count!: number | null;
}

@ObjectType({
  description:
    'The files of one ingestion, as Adobe Experience Platform knows them. A count is null as long as Platform does not say.',
})
export class IngestionBatch {
  @Field(() => ID)
  readonly id!: string;

  @Field({
    description: 'In Platform’s words, such as `processing`, `success`, `failed` or `aborted`.',
  })
  readonly status!: string;

  @Field(() => SafeInt, { nullable: true, description: 'Records in its files.' })
  readonly recordCount!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Records that Platform took; 0 where the batch failed.',
  })
  readonly ingestedCount!: number | null;

  @Field(() => SafeInt, {
    nullable: true,
    description: 'Records that Platform refused; a batch that succeeded may have some, too.',
  })
  readonly failedCount!: number | null;

  @Field(() => [IngestionBatchError], {
    description: 'Why records were refused, a summary first; empty where none were.',
  })
  readonly errors!: readonly IngestionBatchError[];
}
