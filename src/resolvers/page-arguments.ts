import { Arg, Int } from 'type-graphql';
import { BadUserInputError } from '../ingestion/gateway-error.js';
import { Cursor } from '../schema/scalars.js';

const MAX_PAGE_ITEMS = 100;

/** The argument `first`: how many items a page may have, to be read with {@link parsePageSize}. */
export const First = (defaultItems: number): ReturnType<typeof Arg> =>
  Arg('first', () => Int, {
    nullable: true,
    defaultValue: defaultItems,
    description: `How many at most, 1 to ${MAX_PAGE_ITEMS}.`,
  });

/** The argument `after`: the cursor at which the page before ended. */
export const After = (): ReturnType<typeof Arg> =>
  Arg('after', () => Cursor, {
    nullable: true,
    description: 'Continue after the previous page’s `endCursor`.',
  });

/**
 * How many items a page may have.
 *
 * @param first - null where the client leaves it to the default
 * @throws {BadUserInputError}
 */
export function parsePageSize(first: number | null, defaultItems: number): number {
  const items = first ?? defaultItems;
  if (items < 1 || items > MAX_PAGE_ITEMS) {
    throw new BadUserInputError(`first must be 1 to ${MAX_PAGE_ITEMS}; this is ${items}.`);
  }
  return items;
}
