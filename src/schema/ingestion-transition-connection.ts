import { Field, ObjectType } from 'type-graphql';
import { IngestionTransition } from './ingestion-transition.js';
import { PageInfo } from './page-info.js';
import { Cursor } from './scalars.js';

@ObjectType({ description: 'A transition in a page, with its cursor.' })
export class IngestionTransitionEdge {
  @Field(() => Cursor)
  readonly cursor!: string;

  @Field(() => IngestionTransition)
  readonly node!: IngestionTransition;
}

@ObjectType({ description: 'A page of transitions, oldest first.' })
export class IngestionTransitionConnection {
  @Field(() => [IngestionTransitionEdge])
  readonly edges!: IngestionTransitionEdge[];

  @Field(() => [IngestionTransition])
  readonly nodes!: IngestionTransition[];

  @Field(() => PageInfo)
  readonly pageInfo!: PageInfo;
}
