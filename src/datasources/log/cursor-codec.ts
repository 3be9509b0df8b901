import { createCipheriv, createDecipheriv } from 'node:crypto';
import { CursorInvalidError } from '../../ingestion/gateway-error.js';
import type { Position } from '../../ingestion/transition.js';

/** A cursor is one block, and no block depends on those before it: two ciphers do for all of them. */
const CIPHER = 'aes-256-ecb';
const BLOCK_BYTES = 16;

/** Stands behind the position in the block: what was not made with the key decrypts to anything else. */
const CHECK = Buffer.alloc(8);

/** Positions to opaque cursors and back. */
export interface CursorCodec {
  toCursor(position: Position): string;
  /** @throws {CursorInvalidError} the text is no cursor made with this codec's key */
  parseCursor(cursor: string): Position;
}

/**
 * A cursor is a position, encrypted. So one that was forged, damaged or given by another log is noticed and never
 * taken for a place in this one; and nobody can tell from cursors how much happened that they may not see.
 *
 * @param key - 32 bytes; belongs to one log and lives as long as it
 * @see docs/adr/0017-who-calls.md
 */
export function createCursorCodec(key: Buffer): CursorCodec {
  const cipher = createCipheriv(CIPHER, key, null).setAutoPadding(false);
  const decipher = createDecipheriv(CIPHER, key, null).setAutoPadding(false);
  return {
    toCursor(position) {
      const block = Buffer.concat([Buffer.alloc(BLOCK_BYTES - CHECK.length), CHECK]);
      block.writeBigUInt64BE(BigInt(position));
      return cipher.update(block).toString('base64url');
    },
    parseCursor(cursor) {
      const bytes = Buffer.from(cursor, 'base64url');
      if (bytes.length === BLOCK_BYTES && bytes.toString('base64url') === cursor) {
        const block = decipher.update(bytes);
        const position = Number(block.readBigUInt64BE());
        const isOurs = block.subarray(-CHECK.length).equals(CHECK);
        if (isOurs && Number.isSafeInteger(position)) return position;
      }
      throw new CursorInvalidError(
        'This gateway gave no such cursor. Leave "after" out, as for the first time.',
      );
    },
  };
}
