/**
 * Parse an answer's text, with every numeric `requestId` as the digits that stand there: as a number, a
 * large one would lose some of them.
 *
 * @returns undefined where the text is not JSON
 */
export function parseWireJson(text: string): unknown {
  try {
    return JSON.parse(text, keepRequestIdDigits);
  } catch {
    return undefined;
  }
}

/** `context.source` is the text of a primitive; the type of `JSON.parse` does not know it yet. */
function keepRequestIdDigits(key: string, value: unknown, context?: { source?: string }): unknown {
  if (key !== 'requestId' || typeof value !== 'number') return value;
  const source = context?.source;
  return source !== undefined && /^\d+$/.test(source) ? source : value;
}
