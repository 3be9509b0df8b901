import { Field, InputType } from 'type-graphql';
import type { IngestionStatus as DomainStatus } from '../ingestion/ingestion-request.js';
import { IngestionStatus } from './ingestion-status.js';
import { DateTime, ID } from './scalars.js';

@InputType({
  description: 'Which requests to list. Conditions that are left out don’t narrow the list.',
})
export class IngestionRequestFilter {
  @Field(() => [ID], { nullable: true, description: 'Of these mappings, 1 to 100.' })
  readonly mappingIds?: string[] | null;

  @Field(() => [IngestionStatus], {
    nullable: true,
    description: 'With one of these statuses. Must not be empty.',
  })
  readonly statuses?: DomainStatus[] | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'First observed at this instant or later.',
  })
  readonly observedAfter?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'First observed before this instant.' })
  readonly observedBefore?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Started through this gateway by this caller, as `startedBy` names it.',
  })
  readonly startedBy?: string | null;
}
