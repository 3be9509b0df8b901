import { Field, ID, InputType } from 'type-graphql';

@InputType({ description: 'Which mapping to ingest.' })
export class StartIngestionInput {
  @Field(() => ID, { description: 'The XDM mapping’s id, 1 to 255 characters.' })
  readonly mappingId!: string;
}
