import { BadUserInputError } from '../ingestion/gateway-error.js';

const MAX_PAGE_ITEMS = 100;

/**
 * Whether a page may have so many items.
 *
 * @throws {BadUserInputError}
 */
export function checkPageSize(first: number): void {
  if (first < 1 || first > MAX_PAGE_ITEMS) {
    throw new BadUserInputError(`first must be 1 to ${MAX_PAGE_ITEMS}; this is ${first}.`);
  }
}
