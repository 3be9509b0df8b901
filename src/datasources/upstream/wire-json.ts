/** Ids that some servers write as numbers. */
const ID_FIELDS: ReadonlySet<string> = new Set(['requestId', 'batchId']);

/** A JSON string, in which a template may have put the text of an error as it is. */
const STRING = /"(?:[^"\\]+|\\.)*"?/gs;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings must not contain them.
const CONTROL = /[\x00-\x1f]/g;

/**
 * Parse an answer's text, with every numeric id as its digits: as a number, a large id would lose some of them. An id
 * whose digits are already lost stays a number (`9.007199254740993e15`: whoever wrote this has rounded it).
 * Strings may contain line breaks and tabs as they are, and zero bytes may follow.
 *
 * @returns undefined if the text is not JSON
 */
export function parseWireJson(text: string): unknown {
  return parseStrictly(text) ?? parseStrictly(withEscapes(text));
}

function parseStrictly(text: string): unknown {
  try {
    return JSON.parse(text, keepIdDigits);
  } catch {
    return undefined;
  }
}

function withEscapes(text: string): string {
  const toEscape = (control: string) => JSON.stringify(control).slice(1, -1);
  return text.replace(/\0+$/, '').replace(STRING, (string) => string.replace(CONTROL, toEscape));
}

/** `context.source` is the text of a primitive; the type of `JSON.parse` does not know it yet. */
function keepIdDigits(key: string, value: unknown, context?: { source?: string }): unknown {
  if (!ID_FIELDS.has(key) || typeof value !== 'number') return value;
  const source = context?.source ?? '';
  if (/^\d+$/.test(source)) return source;
  return toInteger(source) ?? value;
}

/**
 * A count, or null if there is none that can be read. It may be a text, as Protocol Buffers write 64-bit numbers in
 * JSON.
 */
export function toCount(value: unknown): number | null {
  if (typeof value === 'string') return toCount(Number(toInteger(value.trim()) ?? Number.NaN));
  // Removes the sign of -0.
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Math.abs(Number(value)) : null;
}

/**
 * The digits of a whole number that is written with a point or an exponent (`42.0`, `1e3`), or null if it is not
 * whole, is negative, or is so large that it may have been rounded.
 */
function toInteger(source: string): string | null {
  const match = /^(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i.exec(source);
  if (!match) return null;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = Math.max(0, whole.length + Number(exponent));
  if (/[1-9]/.test(digits.slice(point))) return null;
  const integer = Number(digits.slice(0, point).padEnd(point, '0'));
  return Number.isSafeInteger(integer) ? String(integer) : null;
}
