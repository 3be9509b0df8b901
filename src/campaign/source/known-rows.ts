import { digestOf } from './digests.js';

/** The maximum number of bits: 4 MB, enough for two million rows. With more, new rows are missed more often. */
const MAX_BITS = 2 ** 25;
/** With this many, one new row in 400 is taken for a known one. */
const BITS_OF_A_ROW = 16;
const BITS_SET_BY_A_ROW = 4;
const MIN_BITS = 512;

/** The rows of a source, and which of them it did not have when it was last read. */
export type KnownRows = ReturnType<typeof createKnownRows>;

/**
 * Compare rows with those of an earlier reading, by a Bloom filter: a row that it doesn't know was not there, and
 * almost every such row is found.
 *
 * @param last - what {@link KnownRows.toBytes} returned then; null: nothing is known
 * @param origin - of what the rows are values. What was kept of another origin says nothing.
 */
export function createKnownRows(last: Uint8Array | null, origin: string) {
  const bits = new Uint8Array(MAX_BITS / 8);
  const mark = Uint32Array.from(digestOf([origin]));
  const header = new Uint8Array(mark.buffer);
  const before = last !== null && startsWith(last, header) ? last.subarray(header.length) : null;
  let count = 0;

  return {
    /** @returns true if the row was not there at the last reading */
    add(row: readonly unknown[]): boolean {
      const [a, b] = digestOf(row);
      count += 1;
      let isNew = false;
      for (let nth = 0; nth < BITS_SET_BY_A_ROW; nth += 1) {
        const bit = (a + nth * (b | 1)) >>> 0;
        isNew ||= before !== null && !hasBit(before, bit);
        setBit(bits, bit);
      }
      return isNew;
    },
    /** For {@link createKnownRows}. */
    toBytes: () => Buffer.concat([header, folded(bits, count)]),
  };
}

function setBit(bits: Uint8Array, bit: number): void {
  const at = byteOf(bit, bits);
  bits[at] = (bits[at] ?? 0) | (1 << (bit & 7));
}

function hasBit(bits: Uint8Array, bit: number): boolean {
  return ((bits[byteOf(bit, bits)] ?? 0) & (1 << (bit & 7))) !== 0;
}

/** Where the bit is. Lengths are powers of two, so that it is in the same place of a part once that is folded. */
function byteOf(bit: number, { length }: Uint8Array): number {
  return (bit >>> 3) & (length - 1);
}

/** As few bytes as the rows need. */
function folded(bits: Uint8Array, count: number): Uint8Array {
  const wanted = Math.max(MIN_BITS, count * BITS_OF_A_ROW) / 8;
  let kept = bits;
  while (kept.length / 2 >= wanted) {
    const [low, high] = [kept.slice(0, kept.length / 2), kept.subarray(kept.length / 2)];
    kept = low.map((byte, at) => byte | (high[at] ?? 0));
  }
  return kept;
}

function startsWith(bytes: Uint8Array, header: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, header.length), header) === 0;
}
