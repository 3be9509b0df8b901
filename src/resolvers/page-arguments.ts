import { Arg, Int } from 'type-graphql';
import { BadUserInputError } from '../ingestion/gateway-error.js';
import { Cursor } from '../schema/scalars.js';

const MAX_PAGE_ITEMS = 100;

/** The argument `first`: the maximum number of items in a page. Read it with {@link parsePageSize}. */
export const First = (defaultItems: number): ReturnType<typeof Arg> =>
  Arg('first', () => Int, {
    nullable: true,
    defaultValue: defaultItems,
    description: `The maximum number, 1 to ${MAX_PAGE_ITEMS}.`,
  });

/** The argument `after`: the end cursor of the previous page. */
export const After = (): ReturnType<typeof Arg> =>
  Arg('after', () => Cursor, {
    nullable: true,
    description: 'Continue after the previous page’s `endCursor`.',
  });

/**
 * The maximum number of items in a page.
 *
 * @param first - null for the default
 * @throws {BadUserInputError}
 */
export function parsePageSize(first: number | null, defaultItems: number): number {
  const items = first ?? defaultItems;
  if (items < 1 || items > MAX_PAGE_ITEMS) {
    throw new BadUserInputError(`first must be 1 to ${MAX_PAGE_ITEMS}; this is ${items}.`);
  }
  return items;
}
