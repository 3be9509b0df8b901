import { Field, ID, InputType } from 'type-graphql';

@InputType({ description: 'What names a request upstream.' })
export class IngestionRequestRef {
  @Field(() => ID)
  readonly mappingId!: string;

  @Field(() => ID)
  readonly requestId!: string;
}
