import { isDate } from './conversion.js';

/** The type of a change marker's values. */
export interface MarkerRule {
  readonly as: 'number' | 'date-time' | 'text';
  /** For date-times: `iso`, `epoch-seconds`, `epoch-milliseconds`, or a pattern such as `dd/MM/yyyy HH:mm`. */
  readonly format?: string | undefined;
}

/** The value of a change marker, as the watermark stores it. */
export type Marker = string | number;

/** Of a source in which no row had a marker: below all that there are. */
export const NO_MARKER = Number.NEGATIVE_INFINITY;

/** How a column's values are read as markers. */
export interface MarkerKind {
  /**
   * Convert a value to a comparable marker: numbers as numbers, date-times of any form as instants.
   *
   * @returns null for a value of another type, or a date-time more than a day in the future
   */
  read(value: unknown): Marker | null;
  /** What a value must be, in words. */
  readonly expected: string;
  /** The marker earlier by this time; unchanged if markers are not times. */
  before(marker: Marker, ms: number): Marker;
  /** The marker, or now where it is ahead of that: rows with lower ones will still come. */
  settled(marker: Marker): Marker;
}

/** How far the clocks of other machines and time zones may be ahead. In ms. */
const TOLERANCE_MS = 86_400_000;

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** The form that {@link MarkerKind.read} returns. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z$/;
const NO_VALUE = /^(?:null|nil|none|n\/a|na|nan|nat|-?infinity|-?inf|undefined|\\n|#n\/a|-|\?)$/i;
const MAYBE_DATE = /^[+-]?\d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b/i;
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;
const UTC =
  /^(\d{4}-\d{2}-\d{2})[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,9}))?(?:Z|[+-]00(?::?00)?)?$/;

/** Create the kind that a mapping declares; date-times without an offset are in UTC. */
export function createMarkerKind({ as, format = 'iso' }: MarkerRule, now: number): MarkerKind {
  switch (as) {
    case 'number':
      return { read: toNumber, expected: 'a number', before: itself, settled: itself };
    case 'text':
      return { read: toText, expected: 'a text', before: itself, settled: itself };
    case 'date-time': {
      const parse = compileFormat(format);
      const latest = toInstant(now + TOLERANCE_MS);
      const present = toInstant(now);
      return {
        read(value) {
          const instant = INSTANT.test(String(value)) ? String(value) : parse(value);
          return instant !== null && latest !== null && instant <= latest ? instant : null;
        },
        before: (marker, ms) => toInstant(Date.parse(String(marker)) - ms) ?? marker,
        settled: (marker) => (present !== null && marker > present ? present : marker),
        expected: `a date-time (${format}) that is not in the future`,
      };
    }
  }
}

function itself(marker: Marker): Marker {
  return marker;
}

/**
 * Find out the kind of most of a column's first values. A text that begins with a digit or contains a month may be a
 * date that doesn't compare correctly: it must be declared.
 *
 * @param watermark - decides if there are no values
 * @returns null if that is ambiguous
 */
export function inferMarkerKind(
  values: readonly unknown[],
  watermark: Marker | null,
): Required<MarkerRule> | null {
  if (watermark === NO_MARKER) return inferMarkerKind(values, null);
  const given = values.filter(isGiven);
  if (given.length === 0) return watermark === null ? NUMBERS : ruleOf(watermark);
  const most = (isOne: (value: unknown) => boolean) =>
    given.filter(isOne).length * 2 >= given.length;
  // A few other values don't change the kind of a stored marker.
  const kept = watermark === null ? null : ruleOf(watermark);
  if (kept !== null && kept.as !== 'text') {
    const isKept = kept.as === 'number' ? toNumber : parseIso;
    if (given.some((value) => isKept(value) !== null)) return kept;
  }
  if (most((value) => parseIso(value) !== null)) return { as: 'date-time', format: 'iso' };
  if (most((value) => toNumber(value) !== null)) return NUMBERS;
  const isPlain = (value: unknown) => typeof value !== 'string' || !MAYBE_DATE.test(value);
  return given.every(isPlain) ? { as: 'text', format: 'iso' } : null;
}

/** True for a value that shows the kind of its column: neither missing nor a word for a missing value. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !isNoValue(value);
}

/** True for the words with which databases and spreadsheets export missing values. */
function isNoValue(value: unknown): boolean {
  return typeof value === 'string' && NO_VALUE.test(value.trim());
}

const NUMBERS = { as: 'number', format: 'iso' } as const;

/** The kind of a stored marker. */
function ruleOf(marker: Marker): Required<MarkerRule> {
  if (toNumber(marker) !== null) return NUMBERS;
  return { as: parseIso(marker) === null ? 'text' : 'date-time', format: 'iso' };
}

function toNumber(value: unknown): number | null {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && NUMBER.test(value));
  return isNumber && Number.isFinite(Number(value)) ? Number(value) : null;
}

function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && !isNoValue(value) ? value : null;
}

/** Texts that compare as instants, with nine decimals of a second. */
function toInstant(ms: number, fraction = ''): string | null {
  const instant = new Date(ms);
  if (Number.isNaN(instant.getTime()) || instant.getUTCFullYear() > 9999) return null;
  if (instant.getUTCFullYear() < 0) return null;
  const text = instant.toISOString();
  return `${text.slice(0, 20)}${(fraction || text.slice(20, 23)).padEnd(9, '0')}Z`;
}

function parseIso(value: unknown): string | null {
  const text = typeof value === 'string' ? value.trim() : '';
  const [, day, clock, digits = ''] = UTC.exec(text) ?? [];
  // The same as below, at a tenth of the cost.
  if (day !== undefined) return isDate(day) ? `${day}T${clock}.${digits.padEnd(9, '0')}Z` : null;
  const [, date, time = '00:00', fraction = '0', offset = 'Z'] = DATE_TIME.exec(text) ?? [];
  if (date === undefined || !isDate(date)) return null;
  const [hours, minutes = '00'] = offset === 'Z' ? [] : [offset.slice(0, 3), offset.slice(-2)];
  const zone = hours === undefined ? 'Z' : `${hours}:${offset.length === 3 ? '00' : minutes}`;
  const seconds = time.length === 5 ? ':00' : '';
  return toInstant(Date.parse(`${date}T${time}${seconds}${zone}`), fraction);
}

/** The parts of a format, each with its digits. */
const PARTS: Readonly<Record<string, string>> = {
  yyyy: '(?<year>\\d{4})',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d{2})',
  d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  mm: '(?<minute>\\d{2})',
  ss: '(?<second>\\d{2})',
};

/** Valid values of {@link MarkerRule.format}: a name, or a pattern with year, month and day. */
export function isMarkerFormat(format: string): boolean {
  if (['iso', 'epoch-seconds', 'epoch-milliseconds'].includes(format)) return true;
  const parts = format.match(/[A-Za-z]+/g) ?? [];
  const isKnown = parts.every((part) => Object.hasOwn(PARTS, part) || part === 'T');
  const has = (letter: string) => parts.filter((part) => part[0] === letter).length === 1;
  const isOnce = new Set(parts).size === parts.length;
  return isKnown && isOnce && has('y') && has('M') && has('d');
}

function compileFormat(format: string): (value: unknown) => string | null {
  switch (format) {
    case 'iso':
      return parseIso;
    case 'epoch-seconds':
      return (value) => fromEpoch(toNumber(value), 1_000);
    case 'epoch-milliseconds':
      return (value) => fromEpoch(toNumber(value), 1);
    default: {
      const source = format.replace(
        /[A-Za-z]+|[^A-Za-z]/g,
        (part) => PARTS[part] ?? escapeSign(part),
      );
      const expression = new RegExp(`^${source}$`);
      return (value) => {
        const parts = expression.exec(typeof value === 'string' ? value.trim() : '')?.groups;
        if (parts === undefined) return null;
        const { year, month = '', day = '', hour = '00', minute = '00', second = '00' } = parts;
        const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
        return parseIso(`${date}T${hour}:${minute}:${second}Z`);
      };
    }
  }
}

function fromEpoch(number: number | null, unitMs: number): string | null {
  return number === null ? null : toInstant(number * unitMs);
}

function escapeSign(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, '\\$&');
}
