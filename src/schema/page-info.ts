import { Field, ObjectType } from 'type-graphql';
import { Cursor } from './scalars.js';

@ObjectType({ description: 'As the Relay connection specification has it.' })
export class PageInfo {
  @Field()
  readonly hasNextPage!: boolean;

  @Field()
  readonly hasPreviousPage!: boolean;

  @Field(() => Cursor, { nullable: true })
  readonly startCursor!: string | null;

  @Field(() => Cursor, { nullable: true })
  readonly endCursor!: string | null;
}
