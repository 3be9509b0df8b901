/**
 * A schema's pattern. It matches whole characters, as JSON Schema recommends. If it can't, because it has unnecessary
 * escapes like many of Adobe's, it matches UTF-16 units.
 *
 * @throws {SyntaxError}
 */
export function toRegExp(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}
