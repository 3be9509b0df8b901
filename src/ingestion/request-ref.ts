import { BadUserInputError } from './gateway-error.js';
import type { RequestRef } from './ingestion-request.js';

/** Far longer than any known id (`XDM44`, `TestDoc`, 3520), far shorter than what a URL can hold. */
const MAX_ID_LENGTH = 255;

/**
 * A mapping id that is safe to send to the upstream. Any text is, unless it could change the upstream's URL: an id
 * becomes a path segment, and no encoding makes the segments `.` and `..` safe.
 *
 * @throws {BadUserInputError}
 */
export function parseMappingId(text: string): string {
  const mappingId = parseId('mappingId', text);
  if (mappingId.split(/[/\\]/).some((segment) => segment === '.' || segment === '..')) {
    throw new BadUserInputError('mappingId must not contain the path segments "." or "..".');
  }
  return mappingId;
}

/** @throws {BadUserInputError} */
export function parseRequestRef({ mappingId, requestId }: RequestRef): RequestRef {
  return { mappingId: parseMappingId(mappingId), requestId: parseId('requestId', requestId) };
}

/** @throws {BadUserInputError} */
export function parseIdempotencyKey(text: string): string {
  return parseId('idempotencyKey', text);
}

/** @throws {BadUserInputError} no caller can have this name */
export function parseStartedBy(text: string): string {
  return parseText('startedBy', text);
}

function parseId(name: string, text: string): string {
  if (text.trim() === '') throw new BadUserInputError(`${name} must not be empty.`);
  return parseText(name, text);
}

function parseText(name: string, text: string): string {
  if (text.length > MAX_ID_LENGTH) {
    throw new BadUserInputError(
      `${name} must be at most ${MAX_ID_LENGTH} characters long; this one has ${text.length}.`,
    );
  }
  // A lone surrogate can't be encoded into a URL; a control character doesn't belong in an id or a log.
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) {
    throw new BadUserInputError(`${name} must not contain control characters or broken Unicode.`);
  }
  return text;
}
