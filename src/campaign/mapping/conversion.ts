/** What a source's value can be converted to. */
export const CONVERSIONS = ['string', 'number', 'integer', 'boolean', 'date', 'date-time'] as const;

/** One of {@link CONVERSIONS}. */
export type Conversion = (typeof CONVERSIONS)[number];

/** A value that is not what its mapping says. */
export class ConversionError extends Error {
  override readonly name = 'ConversionError';

  constructor(expected: string, value: unknown) {
    super(`expected ${expected}, got ${String(JSON.stringify(value)).slice(0, 60)}`);
  }
}

const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const WHOLE_NUMBER = /^[+-]?\d+$/;
/** Any decimal with this many digits survives a double unchanged. */
const DIGITS_OF_A_DOUBLE = 15;
const TRUE = new Set(['true', 'yes', 't', '1']);
const FALSE = new Set(['false', 'no', 'f', '0']);
const HYPHEN = 0x2d;
const ZERO = 0x30;
/** Platform's form, but a blank may replace the `T`, and the offset may be missing or in the short form of databases. */
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?)(?:(Z)|([+-](?:0\d|1[0-4]))(?::?([0-5]\d))?)?$/;
const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Convert a source's value to the JSON value that XDM requires.
 *
 * A date-time without an offset is in UTC. A number is refused, because its unit is unknown.
 *
 * @throws {ConversionError} the value is not of this kind
 */
export function convert(value: unknown, conversion: Conversion): string | number | boolean {
  switch (conversion) {
    case 'string':
      return toText(value);
    case 'number':
      return toNumber(value, 'a number');
    case 'integer': {
      const number = toNumber(value, 'an integer');
      if (!Number.isSafeInteger(number)) throw new ConversionError('an integer', value);
      return number;
    }
    case 'boolean':
      return toBoolean(value);
    case 'date': {
      const text = typeof value === 'string' ? value.trim() : '';
      if (!isDate(text)) throw new ConversionError('a date such as 2019-05-15', value);
      return text;
    }
    case 'date-time':
      return toDateTime(value);
  }
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object') throw new ConversionError('a string', value);
  // V8 keeps the result of `String` on a number for long: for two million ids, 40 MB.
  return Number.isFinite(value) ? JSON.stringify(value) : String(value);
}

/** Refuses a whole number that a JSON reader would round, because a changed id is worse than none. */
function toNumber(value: unknown, expected: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const text = typeof value === 'string' ? value.trim() : '';
  const number = Number(text);
  const isRounded =
    (WHOLE_NUMBER.test(text) && !Number.isSafeInteger(number)) ||
    digitsOf(text) > DIGITS_OF_A_DOUBLE;
  if (isRounded || !NUMBER.test(text) || !Number.isFinite(number)) {
    throw new ConversionError(expected, value);
  }
  return number;
}

/** The number of significant digits. */
function digitsOf(text: string): number {
  const digits = text
    .replace(/[eE].*$/, '')
    .replace(/^[+-]?0*/, '')
    .replace('.', '');
  const counted = text.includes('.') ? digits.replace(/^0+/, '') : digits;
  return WHOLE_NUMBER.test(text) ? 0 : counted.replace(/0+$/, '').length;
}

function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'object' ? '' : String(value).trim().toLowerCase();
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new ConversionError('true or false (also yes, no, t, f, 1, 0)', value);
}

function toDateTime(value: unknown): string {
  if (typeof value === 'number') {
    throw new ConversionError(
      'a date-time, or a format: epoch-seconds or epoch-milliseconds',
      value,
    );
  }
  const [, date = '', time = '', zulu, hours, minutes = '00'] =
    DATE_TIME.exec(typeof value === 'string' ? value.trim() : '') ?? [];
  if (!isDate(date)) throw new ConversionError('a date-time such as 2019-05-15T09:30:00Z', value);
  return `${date}T${time}${zulu !== undefined || hours === undefined ? 'Z' : `${hours}:${minutes}`}`;
}

/** True for a day that exists, such as 2019-05-15; false for the 30th of February. */
export function isDate(text: string): boolean {
  if (text.length !== 10 || text.charCodeAt(4) !== HYPHEN || text.charCodeAt(7) !== HYPHEN) {
    return false;
  }
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 7);
  const day = digitsAt(text, 8, 10);
  if (Number.isNaN(year + month + day)) return false;
  if (day < 1 || day > (DAYS_OF_MONTH[month - 1] ?? 0)) return false;
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month !== 2 || day < 29 || isLeapYear;
}

/** The number that the digits between two places are; NaN where they are not all digits. */
function digitsAt(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}
