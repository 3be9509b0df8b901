import { createHmac, timingSafeEqual } from 'node:crypto';
import { CursorInvalidError } from '../ingestion/gateway-error.js';
import type { Position } from '../ingestion/transition.js';

const POSITION_BYTES = 8;
const TAG_BYTES = 8;

/** Positions to opaque cursors and back. */
export interface CursorCodec {
  toCursor(position: Position): string;
  /** @throws {CursorInvalidError} the text is no cursor made with this codec's key */
  parseCursor(cursor: string): Position;
}

/**
 * A cursor is a position and a tag that only this log's key can make, so that a cursor that was forged,
 * damaged or given by another log is noticed and never taken for a place in this one.
 *
 * @param key - belongs to one log and lives as long as it
 */
export function createCursorCodec(key: Buffer): CursorCodec {
  function toBytes(position: Position): Buffer {
    const bytes = Buffer.alloc(POSITION_BYTES);
    bytes.writeBigUInt64BE(BigInt(position));
    const tag = createHmac('sha256', key).update(bytes).digest().subarray(0, TAG_BYTES);
    return Buffer.concat([bytes, tag]);
  }

  return {
    toCursor(position) {
      return toBytes(position).toString('base64url');
    },
    parseCursor(cursor) {
      const bytes = Buffer.from(cursor, 'base64url');
      if (bytes.length === POSITION_BYTES + TAG_BYTES && bytes.toString('base64url') === cursor) {
        const position = Number(bytes.readBigUInt64BE());
        if (Number.isSafeInteger(position) && timingSafeEqual(bytes, toBytes(position))) {
          return position;
        }
      }
      throw new CursorInvalidError(
        'This gateway gave no such cursor. Leave "after" out to begin from the start.',
      );
    },
  };
}
