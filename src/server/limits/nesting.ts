/** Far more than any operation needs, and safe for recursive code that handles JSON. */
export const MAX_JSON_LEVELS = 100;

/** Whether a JSON value has more nested lists and objects than allowed. */
export function isNestedTooDeep(value: unknown): boolean {
  // Level by level, because recursion could exhaust the stack here, too.
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= MAX_JSON_LEVELS; depth += 1) {
    level = level.flatMap(partsOf);
    if (level.length === 0) return false;
  }
  return true;
}

function partsOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}
