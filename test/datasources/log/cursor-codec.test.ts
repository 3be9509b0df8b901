import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createCursorCodec } from '../../../src/datasources/log/cursor-codec.js';

const codec = createCursorCodec(randomBytes(32));

describe('cursor codec', () => {
  it.each([0, 1, 255, 2 ** 32, Number.MAX_SAFE_INTEGER])(
    'decodes an encoded position %d',
    (position) => {
      expect(codec.parseCursor(codec.toCursor(position))).toBe(position);
    },
  );

  it('encodes a position as the same text each time, so that clients can compare cursors', () => {
    expect(codec.toCursor(7)).toBe(codec.toCursor(7));
  });

  it('hides the position: neighbours share no more bits than chance gives', () => {
    const bits = (position: number) =>
      [...Buffer.from(codec.toCursor(position), 'base64url')]
        .map((byte) => byte.toString(2).padStart(8, '0'))
        .join('');
    for (let position = 1; position < 200; position += 1) {
      const [a, b] = [bits(position), bits(position + 1)];
      const differing = [...a].filter((bit, index) => bit !== b[index]).length;
      // Of 128 bits, about 64 are expected, and fewer than 20 once in 10^15 times.
      expect(differing).toBeGreaterThan(20);
    }
  });

  it('refuses a cursor with any bit flipped', () => {
    const good = Buffer.from(codec.toCursor(7), 'base64url');
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const bad = Buffer.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => codec.parseCursor(bad.toString('base64url'))).toThrow(
        expect.objectContaining({ code: 'CURSOR_INVALID' }),
      );
    }
  });
});
