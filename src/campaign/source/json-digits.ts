/** A number with this many digits or this exponent may be rounded. */
const MANY_DIGITS = /(?:\d\.?){16}|\d[eE][+-]?\d{3}/;

/**
 * Parse JSON without rounding its numbers.
 *
 * @param keep - gives what replaces a number that JavaScript would round, from its text
 * @throws a SyntaxError
 */
export function parseJson(text: string, keep: (source: string) => unknown): unknown {
  if (!MANY_DIGITS.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_name, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined) return value;
    return digitsOf(String(value)) === digitsOf(source) ? value : keep(source);
  });
}

/** A number's significant digits and the place of its point, however it is written. */
function digitsOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  if (short === '') return '0';
  return `${sign}${short}e${Number(exponent) - fraction.length + digits.length - short.length}`;
}
