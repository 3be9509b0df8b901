/** The forms of a date-time that Platform lists when it refuses one. */
export const DATE_TIME_FORMS =
  "yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,9}Z, yyyy-MM-dd'T'HH:mm:ss[+-]HH:mm, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,9}[+-]HH:mm";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-8]):[0-5]\d)$/;

/** True for a day that exists, such as 2019-05-15. */
export function isDate(text: string): boolean {
  if (!DATE.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** True for a date-time in one of Platform's forms, on a day that exists. */
export function isDateTime(text: string): boolean {
  return isDate(DATE_TIME.exec(text)?.[1] ?? '');
}

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
