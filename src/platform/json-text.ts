/** A value as JSON; a few words in its place where it is nested deeper than can be gone through. */
export function toJsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return '"(nested too deep to be shown)"';
    throw error;
  }
}
