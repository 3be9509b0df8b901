import { Field, InputType } from 'type-graphql';
import type { IngestionStatus as DomainStatus } from '../ingestion/ingestion-request.js';
import { IngestionStatus } from './ingestion-status.js';
import { ID } from './scalars.js';

@InputType({
  description:
    'Which transitions to deliver. Conditions that are left out don’t narrow the subscription.',
})
export class IngestionActivityFilter {
  @Field(() => [ID], { nullable: true, description: 'Of these mappings, 1 to 100.' })
  readonly mappingIds?: string[] | null;

  @Field(() => [IngestionStatus], {
    nullable: true,
    description: 'To one of these statuses. Must not be empty.',
  })
  readonly statuses?: DomainStatus[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Of requests started through this gateway by this caller, as `startedBy` names it.',
  })
  readonly startedBy?: string | null;
}
