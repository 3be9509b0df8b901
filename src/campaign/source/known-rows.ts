import { textOf } from './digests.js';

/** The maximum: 4 MB, enough for two million rows. With more, new rows are missed more often. */
const MAX_WORDS = 2 ** 20;
/** With 16 KB, of thousands of new rows hardly one is missed. */
const MIN_WORDS = 4_096;
/** With half a word for each, one new row in a hundred is taken for a known one. */
const ROWS_OF_A_WORD = 2;

/** The rows of a source, and which of them it did not have when it was last read. */
export type KnownRows = ReturnType<typeof createKnownRows>;

/**
 * Compare rows with those of an earlier reading, by a Bloom filter: a row that it doesn't know was not there, and
 * almost every such row is found. Each row has four bits of one word.
 *
 * @param last - what {@link KnownRows.toBytes} returned then; null: nothing is known
 * @param origin - of what the rows are values. What was kept of another origin says nothing.
 */
export function createKnownRows(last: Uint8Array | null, origin: string) {
  const [mark] = hashOf([origin]);
  const known = last === null ? null : new Uint32Array(last.slice().buffer);
  const before = known?.[0] === mark ? known.subarray(1) : null;
  const words = new Uint32Array(MAX_WORDS);
  let count = 0;

  return {
    /** @returns true if the row was not there at the last reading */
    add(row: readonly unknown[]): boolean {
      const [place, digits] = hashOf(row);
      const bits = bitsOf(digits);
      const at = place & (MAX_WORDS - 1);
      words[at] = (words[at] ?? 0) | bits;
      count += 1;
      if (before === null) return false;
      // Lengths are powers of two, so a folded filter has the row at the rest of its place.
      return ((before[place & (before.length - 1)] ?? 0) & bits) !== bits;
    },
    /** For {@link createKnownRows}, on a machine with the same byte order. */
    toBytes(): Uint8Array {
      const kept = folded(words, count / ROWS_OF_A_WORD);
      const all = new Uint32Array(1 + kept.length);
      all[0] = mark;
      all.set(kept, 1);
      return new Uint8Array(all.buffer);
    },
  };
}

/**
 * Two words, as in cyrb53: {@link digestOf} would cost as much as all else that is done to a row that was sent before.
 */
function hashOf(row: readonly unknown[]): readonly [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (const value of row) {
    const text = typeof value === 'object' ? textOf([value]) : String(value);
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      a = Math.imul(a ^ unit, 0x9e3779b1);
      b = Math.imul(b ^ unit, 0x5f356495);
    }
    // No text has this unit, so it ends a value.
    a = Math.imul(a ^ 0x10000, 0x9e3779b1);
    b = Math.imul(b ^ 0x10000, 0x5f356495);
  }
  return [mixed(a, b) >>> 0, mixed(b, a) >>> 0];
}

function mixed(one: number, other: number): number {
  return Math.imul(one ^ (one >>> 16), 0x85ebca6b) ^ Math.imul(other ^ (other >>> 13), 0xc2b2ae35);
}

function bitsOf(digits: number): number {
  return (
    (1 << (digits & 31)) |
    (1 << ((digits >>> 5) & 31)) |
    (1 << ((digits >>> 10) & 31)) |
    (1 << ((digits >>> 15) & 31))
  );
}

/** As few words as are wanted at least, and a power of two. */
function folded(words: Uint32Array, wanted: number): Uint32Array {
  let kept = words;
  while (kept.length / 2 >= Math.max(MIN_WORDS, wanted)) {
    const low = kept.slice(0, kept.length / 2);
    const high = kept.subarray(low.length);
    for (let at = 0; at < low.length; at += 1) low[at] = (low[at] ?? 0) | (high[at] ?? 0);
    kept = low;
  }
  return kept;
}
