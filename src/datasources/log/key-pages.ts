/** Far below the number of parameters that a statement may have. */
const MAX_KEYS = 500;

/** Keys without repeats, in pages small enough for one statement. */
export function toKeyPages(keys: readonly string[]): string[][] {
  const all = [...new Set(keys)];
  const pages: string[][] = [];
  for (let index = 0; index < all.length; index += MAX_KEYS) {
    pages.push(all.slice(index, index + MAX_KEYS));
  }
  return pages;
}
