import { Field, ObjectType } from 'type-graphql';
import { IngestionTransition } from './ingestion-transition.js';
import { PageInfo } from './page-info.js';
import { Cursor } from './scalars.js';

@ObjectType()
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

/** A page as a connection. */
export function toTransitionConnection(
  nodes: IngestionTransition[],
  { hasNextPage, hasPreviousPage }: Pick<PageInfo, 'hasNextPage' | 'hasPreviousPage'>,
): IngestionTransitionConnection {
  return {
    edges: nodes.map((node) => ({ cursor: node.cursor, node })),
    nodes,
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: nodes.at(0)?.cursor ?? null,
      endCursor: nodes.at(-1)?.cursor ?? null,
    },
  };
}
