import { ConversionError, convert } from '../mapping/conversion.js';
import type { MappedField } from '../mapping/mapping.js';
import {
  compileDateFormat,
  compileEpochFormat,
  isEpochFormat,
  withDecimalPoint,
} from '../mapping/text-conversion.js';
import { applyTo } from '../mapping/text-function.js';

/** A record that its mapping refuses; the message says which column and why. */
export class BadRecordError extends Error {
  override readonly name = 'BadRecordError';
}

/** Writes a row's value of a field as JSON; several items separated by commas, and '' if there is none. */
export type Writer = (values: readonly unknown[]) => string;

/**
 * Compile one field: where its value comes from, its conversion, and its conditions.
 *
 * @param columns - the columns of a row's values, in their order; includes every column that the field names
 * @returns a function that throws {@link BadRecordError}
 */
export function compileField(field: MappedField, columns: readonly string[]): Writer {
  const where = nameOf(field);
  const read = compileOrigin(field, columns);
  const write = compileValue(field);
  const without = compileDefault(field, where);
  const { split } = field;

  function writeAll(raw: unknown): string {
    if (split === undefined) return write(raw);
    const items = textOf(raw).split(split).filter(hasValue);
    return items.map(write).filter(hasValue).join(',');
  }

  return (values) => {
    try {
      const raw = read(values);
      return (hasValue(raw) ? writeAll(raw) : '') || without();
    } catch (error) {
      if (!(error instanceof ConversionError)) throw error;
      throw new BadRecordError(`${where}: ${error.message}`);
    }
  };
}

function nameOf({ column, concat, to }: MappedField): string {
  if (column !== undefined) return `column ${JSON.stringify(column)}`;
  if (concat !== undefined) return `columns ${concat.map((one) => JSON.stringify(one)).join(', ')}`;
  return to;
}

function hasValue(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** A row's value of a field, in the source's form. */
function compileOrigin(
  { column, concat, separator = '', value }: MappedField,
  columns: readonly string[],
): (values: readonly unknown[]) => unknown {
  if (column !== undefined) {
    const index = columns.indexOf(column);
    return (values) => values[index];
  }
  if (concat === undefined) return () => value;
  const places = concat.map((one) => columns.indexOf(one));
  return (values) =>
    places
      .map((place) => values[place])
      .filter(hasValue)
      .map(textOf)
      .join(separator);
}

/** What is written if there is no value. */
function compileDefault(
  { default: instead, required, primary }: MappedField,
  where: string,
): () => string {
  if (instead !== undefined) {
    const json = JSON.stringify(instead);
    return () => json;
  }
  if (!required && !primary) return () => '';
  const role = primary ? 'the primary identity' : 'required, and';
  return () => {
    throw new BadRecordError(`${where}: ${role} has no value`);
  };
}

/** Converts one value to JSON; '' if nothing is left of it. */
function compileValue(field: MappedField): (raw: unknown) => string {
  const { apply = [], map, enum: allowed, pattern } = field;
  const meanings = map === undefined ? null : new Map(Object.entries(map));
  const toValue = compileConversion(field);
  const enumeration = allowed === undefined ? null : new Set<unknown>(allowed);
  const expression = pattern === undefined ? null : new RegExp(pattern, 'u');

  function meaningOf(raw: unknown): unknown {
    if (meanings === null) return raw;
    const text = textOf(raw).trim();
    const meaning = meanings.get(text);
    if (meaning !== undefined) return meaning;
    throw new ConversionError(`one of ${[...meanings.keys()].join(', ')}`, text);
  }

  return (raw) => {
    const text = apply.length === 0 ? raw : apply.reduce<string>(applyTo, textOf(raw));
    if (text === '') return '';
    const meant = meaningOf(text);
    if (!hasValue(meant)) return '';
    const value = toValue(meant);
    if (enumeration !== null && !enumeration.has(value)) {
      throw new ConversionError(`one of ${[...enumeration].join(', ')}`, value);
    }
    if (expression !== null && !expression.test(String(value))) {
      throw new ConversionError(`what matches ${pattern}`, value);
    }
    return JSON.stringify(value);
  };
}

function compileConversion({
  as,
  format,
  timeZone,
  decimal,
}: MappedField): (value: unknown) => unknown {
  if (as === undefined) return toPlainValue;
  if (format !== undefined && isEpochFormat(format)) {
    const read = compileEpochFormat(format);
    return (value) => read(textOf(value));
  }
  if (format !== undefined) {
    const read = compileDateFormat(format, timeZone);
    if (as === 'date') return (value) => read(textOf(value)).toISODate();
    return (value) => read(textOf(value)).toISO({ suppressMilliseconds: true });
  }
  if (decimal === undefined) return (value) => convert(value, as);
  return (value) => convert(typeof value === 'string' ? withDecimalPoint(value) : value, as);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : String(convert(value, 'string'));
}

/** The values that a field without a conversion may have: everything that JSON has. */
function toPlainValue(raw: unknown): unknown {
  if (raw instanceof Uint8Array) throw new ConversionError('a JSON value', 'binary data');
  if (typeof raw === 'number' && !Number.isFinite(raw)) {
    throw new ConversionError('a JSON value', String(raw));
  }
  return raw;
}
