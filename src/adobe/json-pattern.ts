/**
 * A pattern of a schema. It is read as JSON Schema recommends, by whole characters; where it cannot be, because it escapes what
 * needs none, as many of Adobe's do, by UTF-16 units.
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
