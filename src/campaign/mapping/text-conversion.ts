import { DateTime, IANAZone } from 'luxon';
import { ConversionError } from './conversion.js';

/** For numbers with a decimal comma. Points, blanks or apostrophes may separate thousands. */
const WITH_COMMA = /^([+-]?)(\d+|\d{1,3}(?:([. \u00A0\u202F'’])\d{3})(?:\3\d{3})*)(?:,(\d+))?$/;

/** Convert a number with a decimal comma. @throws {ConversionError} */
export function withDecimalPoint(text: string): string {
  const [all, sign = '', whole = '', , fraction] = WITH_COMMA.exec(text.trim()) ?? [];
  if (all === undefined) throw new ConversionError('a number such as 1.234,56', text);
  return `${sign}${whole.replace(/\D/g, '')}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** Parses dates of one format. */
export type DateReader = (text: string) => DateTime<true>;

/**
 * Compile a format such as `dd/MM/yyyy HH:mm`.
 *
 * @param timeZone - the time zone of the texts, unless they have an offset
 * @returns a function that throws {@link ConversionError} for a text of another form, a day that does not exist, and
 *   a time that the clock skips
 */
export function compileDateFormat(format: string, timeZone = 'utc'): DateReader {
  const parser = DateTime.buildFormatParser(format, { locale: 'en' });
  const read = (text: string, zone: string) =>
    DateTime.fromFormatParser(text, parser, { zone, setZone: true, locale: 'en' });
  return (text) => {
    const date = read(text.trim(), timeZone);
    if (!date.isValid) throw new ConversionError(`a date in the form ${format}`, text);
    // Otherwise a time in the hour that is skipped in spring would be moved to the next hour.
    const asWritten = timeZone === 'utc' ? date : read(text.trim(), 'utc');
    if (asWritten.hour === date.hour && asWritten.minute === date.minute) return date;
    throw new ConversionError(`a time that exists in ${timeZone}`, text);
  };
}

/** The number of units in a second, by the name of the format. */
const EPOCH_UNITS: Readonly<Record<string, number>> = {
  'epoch-seconds': 1,
  'epoch-milliseconds': 1_000,
};

/** True for a format that counts from 1970. */
export function isEpochFormat(format: string): boolean {
  return Object.hasOwn(EPOCH_UNITS, format);
}

/**
 * Compile such a format to a function that converts a number to an instant of the years 0 to 9999, in ms.
 *
 * @returns a function that throws {@link ConversionError}
 */
export function compileEpochFormat(format: string): (text: string) => string {
  const perSecond = EPOCH_UNITS[format] ?? 1;
  return (text) => {
    const isNumber = /^[+-]?\d+(\.\d+)?$/.test(text.trim());
    const instant = new Date(Math.round((Number(text) * 1_000) / perSecond));
    const isThere = isNumber && !Number.isNaN(instant.getTime());
    if (isThere && /^\d{4}-/.test(instant.toISOString())) return instant.toISOString();
    throw new ConversionError(`a time in ${format.replace('-', ' ')}`, text);
  };
}

/** True for a format that identifies a day: what it writes, it can read again. */
export function isDateFormat(format: string): boolean {
  const day = DateTime.utc(2019, 5, 15);
  try {
    const read = DateTime.fromFormat(day.toFormat(format, { locale: 'en' }), format, {
      zone: 'utc',
      locale: 'en',
    });
    return read.isValid && read.hasSame(day, 'day');
  } catch {
    return false;
  }
}

/** True for the name of a time zone, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}
