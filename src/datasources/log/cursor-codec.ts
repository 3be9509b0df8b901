import { createCipheriv, createDecipheriv } from 'node:crypto';
import { CursorInvalidError } from '../../ingestion/gateway-error.js';
import type { Position } from '../../ingestion/transition.js';

/** A cursor is one block, which depends on no other, so one cipher object each way is enough for all cursors. */
const CIPHER = 'aes-256-ecb';
const BLOCK_BYTES = 16;

/** Follows the position in the block. A block that was not made with the key decrypts to something else. */
const CHECK = Buffer.alloc(8);

/**
 * A cursor is an encrypted position. So a cursor that was forged, damaged or created by another log is noticed and
 * never taken for a place in this one, and cursors don't reveal how much happened that the caller may not see.
 *
 * @param key - 32 bytes; belongs to one log and lives as long as the log
 * @see docs/adr/0017-who-calls.md
 */
export function createCursorCodec(key: Buffer) {
  const cipher = createCipheriv(CIPHER, key, null).setAutoPadding(false);
  const decipher = createDecipheriv(CIPHER, key, null).setAutoPadding(false);
  return {
    toCursor(position: Position): string {
      const block = Buffer.concat([Buffer.alloc(BLOCK_BYTES - CHECK.length), CHECK]);
      block.writeBigUInt64BE(BigInt(position));
      return cipher.update(block).toString('base64url');
    },
    /** @throws {CursorInvalidError} the text is not a cursor made with this codec's key */
    parseCursor(cursor: string): Position {
      const bytes = Buffer.from(cursor, 'base64url');
      if (bytes.length === BLOCK_BYTES && bytes.toString('base64url') === cursor) {
        const block = decipher.update(bytes);
        const position = Number(block.readBigUInt64BE());
        const isOurs = block.subarray(-CHECK.length).equals(CHECK);
        if (isOurs && Number.isSafeInteger(position)) return position;
      }
      throw new CursorInvalidError(
        'This gateway did not create this cursor. Subscribe without "after".',
      );
    },
  };
}
