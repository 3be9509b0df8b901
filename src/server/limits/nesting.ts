/** Far more than any operation needs; whatever works on JSON by calling itself has stack for it. */
export const MAX_JSON_LEVELS = 100;

/** Whether a value of JSON has more levels of lists and objects than may be sent. */
export function isNestedTooDeep(value: unknown): boolean {
  // Level by level: by calling itself this would run out of stack, too.
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
