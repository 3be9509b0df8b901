/** A body that is not JSON, or not acceptable JSON. */
export class BodyUnreadableError extends Error {
  override readonly name = 'BodyUnreadableError';
}

/** Recursive code that handles a value runs out of stack at some thousand levels. */
const MAX_DEPTH = 100;

/**
 * Parse a body as JSON.
 *
 * @throws {BodyUnreadableError} it is not JSON, or is nested too deep
 */
export function parseBodyJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BodyUnreadableError('The body is not JSON', { cause: error });
  }
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) {
      throw new BodyUnreadableError(`The body is nested more than ${MAX_DEPTH} deep`);
    }
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? Object.values(each) : [],
    );
  }
  return value;
}

/** The value of a text; undefined if it is not JSON. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
