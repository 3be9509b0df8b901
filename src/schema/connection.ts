import { type ClassType, Field, ObjectType } from 'type-graphql';
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

/** A page of a list, as the Relay connection specification defines it. */
export interface Connection<Item> {
  readonly edges: readonly { readonly cursor: string; readonly node: Item }[];
  readonly nodes: readonly Item[];
  readonly pageInfo: PageInfo;
}

/**
 * The type of a list's pages, named after it.
 *
 * @param itemDescription - describes an item with its cursor
 */
export function createConnection<Item extends object>(
  name: string,
  item: ClassType<Item>,
  itemDescription: string,
  description: string,
): ClassType<Connection<Item>> {
  @ObjectType(`${name}Edge`, { description: itemDescription })
  class Edge {
    @Field(() => Cursor)
    readonly cursor!: string;

    @Field(() => item)
    readonly node!: Item;
  }

  @ObjectType(`${name}Connection`, { description })
  class Page implements Connection<Item> {
    @Field(() => [Edge])
    readonly edges!: readonly Edge[];

    @Field(() => [item])
    readonly nodes!: readonly Item[];

    @Field(() => PageInfo)
    readonly pageInfo!: PageInfo;
  }
  return Page;
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
): Connection<Node> {
  const edges = found.slice(0, pageSize).map(toEdge);
  const pageInfo: PageInfo = {
    hasNextPage: found.length > pageSize,
    hasPreviousPage,
    startCursor: edges.at(0)?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
  return { edges, nodes: edges.map(({ node }) => node), pageInfo };
}
