import { ConversionError, convert } from './conversion.js';
import type { MappedField } from './mapping.js';

/** A record that its mapping refuses; the message says which column and why. */
export class BadRecordError extends Error {
  override readonly name = 'BadRecordError';
}

/**
 * Compile one field: its conversion and what its values must be.
 *
 * @param index - of its column among a row's values
 * @returns what writes the value as JSON, '' where there is none, and throws {@link BadRecordError}
 */
export function compileField(
  { column, as, required = false, enum: allowed, pattern }: MappedField,
  index: number,
): (values: readonly unknown[]) => string {
  const where = `column ${JSON.stringify(column)}`;
  const enumeration = allowed === undefined ? null : new Set<unknown>(allowed);
  const expression = pattern === undefined ? null : new RegExp(pattern, 'u');

  return (values) => {
    const raw = values[index];
    if (raw === undefined || raw === null || raw === '') {
      if (required) throw new BadRecordError(`${where}: required, and has no value`);
      return '';
    }
    try {
      const value = as === undefined ? toPlainValue(raw) : convert(raw, as);
      if (enumeration !== null && !enumeration.has(value)) {
        throw new ConversionError(`one of ${[...enumeration].join(', ')}`, value);
      }
      if (expression !== null && !expression.test(String(value))) {
        throw new ConversionError(`what matches ${pattern}`, value);
      }
      return JSON.stringify(value);
    } catch (error) {
      if (!(error instanceof ConversionError)) throw error;
      throw new BadRecordError(`${where}: ${error.message}`);
    }
  };
}

/** What a field without a conversion may hold: anything that JSON has. */
function toPlainValue(raw: unknown): unknown {
  if (raw instanceof Uint8Array) throw new ConversionError('a JSON value', 'binary data');
  if (typeof raw === 'number' && !Number.isFinite(raw)) {
    throw new ConversionError('a JSON value', String(raw));
  }
  return raw;
}
