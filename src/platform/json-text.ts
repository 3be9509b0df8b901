/** A value as JSON, or a few words instead if it is nested too deep. */
export function toJsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return '"(nested too deep to be shown)"';
    throw error;
  }
}
