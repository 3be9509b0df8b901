import { createMemoryLog } from './memory-log.js';

/** Cursors that no gateway created: the kind, the cursor, and its error message. */
export function forgedCursors(): [string, string, string][] {
  const message = 'This gateway did not create this cursor. Subscribe without "after".';
  return [
    ['empty', '', message],
    ['nonsense', 'forged', message],
    ['a number', '1', message],
    ['long', 'A'.repeat(10_000), message],
    ['of the right length', Buffer.alloc(16, 1).toString('base64url'), message],
    ['all zero', Buffer.alloc(16).toString('base64url'), message],
    ['of another log', createMemoryLog().toCursor(1), message],
  ];
}
