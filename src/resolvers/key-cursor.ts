import { CursorInvalidError } from '../ingestion/gateway-error.js';

/** Pages whose cursors are keys, not positions in the log. */
type Paged = 'mapping' | 'job' | 'reject';

/** The opaque form of a key. */
export function toKeyCursor(paged: Paged, key: string): string {
  return Buffer.from(`${paged}:${key}`).toString('base64url');
}

/** @throws {CursorInvalidError} it belongs to another kind of page */
export function parseKeyCursor(paged: Paged, cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (text.startsWith(`${paged}:`)) return text.slice(paged.length + 1);
  throw new CursorInvalidError(`This cursor is not of a page of ${paged}s.`);
}

/** @throws {CursorInvalidError} it belongs to another kind of page */
export function parseNumberCursor(paged: Paged, cursor: string): number {
  const key = parseKeyCursor(paged, cursor);
  if (/^\d{1,15}$/.test(key)) return Number(key);
  throw new CursorInvalidError(`This cursor is not of a page of ${paged}s.`);
}
