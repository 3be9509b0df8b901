import { Field, InputType } from 'type-graphql';
import { ID } from './scalars.js';

@InputType({ description: 'What names a request upstream.' })
export class IngestionRequestRef {
  @Field(() => ID)
  readonly mappingId!: string;

  @Field(() => ID)
  readonly requestId!: string;
}
