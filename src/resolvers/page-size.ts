import { BadUserInputError } from '../ingestion/gateway-error.js';

const MAX_PAGE_ITEMS = 100;

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
