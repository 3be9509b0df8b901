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

/** A page's information from its edges, in their order, and whether there are more on either side. */
export function toPageInfo(
  edges: readonly { readonly cursor: string }[],
  { hasNextPage, hasPreviousPage }: Pick<PageInfo, 'hasNextPage' | 'hasPreviousPage'>,
): PageInfo {
  return {
    hasNextPage,
    hasPreviousPage,
    startCursor: edges.at(0)?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
}
