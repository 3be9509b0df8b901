import { Field, ObjectType } from 'type-graphql';
import { Cursor } from './scalars.js';

@ObjectType({ description: 'Page information, as the Relay connection specification defines it.' })
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

/**
 * A page of a connection.
 *
 * @param found - in their order; one more than the page has, if there are more
 */
export function toPage<Item, Node>(
  found: readonly Item[],
  pageSize: number,
  hasPreviousPage: boolean,
  toEdge: (item: Item, index: number) => { readonly cursor: string; readonly node: Node },
) {
  const edges = found.slice(0, pageSize).map(toEdge);
  const pageInfo: PageInfo = {
    hasNextPage: found.length > pageSize,
    hasPreviousPage,
    startCursor: edges.at(0)?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
  return { edges, nodes: edges.map(({ node }) => node), pageInfo };
}
