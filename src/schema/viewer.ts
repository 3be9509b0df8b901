import { Field, ObjectType } from 'type-graphql';

@ObjectType({ description: 'The caller, and what it may do.' })
export class Viewer {
  @Field(() => String, {
    nullable: true,
    description: 'As `startedBy` has it; null for the anonymous caller.',
  })
  readonly name!: string | null;

  @Field(() => [String], { description: 'Such as `ingestion:start`.' })
  readonly rights!: readonly string[];
}
