/** A body that is no JSON, or no JSON that is worked with here. */
export class BodyUnreadableError extends Error {
  override readonly name = 'BodyUnreadableError';
}

/** Whatever goes through a value as deep as it is nested has no room for more than some thousand levels. */
const MAX_DEPTH = 100;

/**
 * Read a body as JSON.
 *
 * @throws {BodyUnreadableError} it is none, or nested too deep
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
