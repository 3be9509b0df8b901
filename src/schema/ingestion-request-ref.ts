import { Field, InputType } from 'type-graphql';
import { ID } from './scalars.js';

@InputType({ description: 'Names a request: by its `id`, or by `mappingId` and `requestId`.' })
export class IngestionRequestRef {
  @Field(() => ID, { nullable: true, description: 'Its global id.' })
  readonly id?: string | null;

  @Field(() => ID, { nullable: true, description: 'The id of its mapping.' })
  readonly mappingId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Its id upstream.' })
  readonly requestId?: string | null;
}
