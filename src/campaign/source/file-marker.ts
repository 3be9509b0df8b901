import type { Marker } from './watermark.js';

const WHOLE_NUMBER = /^[+-]?\d{1,15}$/;
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * Make a marker of a file's value, one that compares as it is meant: digits are a number, and date-times of
 * any offset and precision are brought to one form.
 *
 * @returns null for what cannot be one
 */
export function toFileMarker(value: unknown): Marker | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value === '') return null;
  if (WHOLE_NUMBER.test(value)) return Number(value);
  const [, date, time, fraction = '', offset = 'Z'] = DATE_TIME.exec(value) ?? [];
  if (date === undefined) return value;
  const instant = new Date(`${date}T${time}${offset}`);
  if (Number.isNaN(instant.getTime())) return value;
  return `${instant.toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`;
}

/** Numbers come before texts, and texts by their UTF-16 units. */
export function compareFileMarkers(a: Marker, b: Marker): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
