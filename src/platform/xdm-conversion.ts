const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;
/** What `Date` can represent. In ms before and after the epoch. */
const LATEST_MS = 8_640_000_000_000_000;

/**
 * Convert a value to the type in a schema, as Platform does: text to a number, a number to text, and ms since the
 * epoch to a date-time. Booleans and arrays are never converted.
 *
 * @param type - of JSON Schema
 * @param format - of JSON Schema, if the type is string
 * @returns undefined if the value can't be converted
 */
export function convert(value: unknown, type: unknown, format: unknown): unknown {
  switch (type) {
    case 'number':
    case 'integer': {
      const isNumber = typeof value === 'string' && NUMBER.test(value);
      return isNumber && Number.isFinite(Number(value)) ? Number(value) : undefined;
    }
    case 'string':
      if (typeof value !== 'number') return undefined;
      if (format !== 'date-time' && format !== 'date') return String(value);
      if (!Number.isInteger(value) || Math.abs(value) > LATEST_MS) return undefined;
      return new Date(value).toISOString().slice(0, format === 'date' ? 10 : undefined);
    default:
      return undefined;
  }
}
