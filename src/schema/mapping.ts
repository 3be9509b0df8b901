import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { createConnection } from './connection.js';
import { toGlobalId } from './global-id.js';
import { Node } from './node.js';
import { ID, SafeInt } from './scalars.js';

@ObjectType({ description: 'How long the mapping’s recent runs took, at most 100 of them.' })
export class UsualDuration {
  @Field(() => Int, { description: 'How many runs these figures come from.' })
  readonly runs!: number;

  @Field(() => SafeInt, { description: 'The median, in ms.' })
  readonly p50Ms!: number;

  @Field(() => SafeInt, { description: 'The 95th percentile, in ms.' })
  readonly p95Ms!: number;
}

@ObjectType({ implements: Node, description: 'A mapping, as far as this gateway knows it.' })
export class Mapping extends Node {
  @Field(() => ID)
  readonly mappingId: string;

  constructor(mappingId: string) {
    super(toGlobalId({ kind: 'Mapping', mappingId }));
    this.mappingId = mappingId;
  }
}

/** Pages of them. */
export const MappingConnection = createConnection(
  'Mapping',
  Mapping,
  'A mapping in a page, with its cursor.',
  'A page of mappings, in the order of their ids.',
);

@InputType({
  description: 'Which mappings to list. Conditions that are left out don’t narrow the list.',
})
export class MappingFilter {
  @Field(() => [ID], { nullable: true, description: 'These, 1 to 100.' })
  readonly mappingIds?: string[] | null;
}
