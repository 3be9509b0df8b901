import { hash } from 'node:crypto';

/** How many bytes of a digest are kept: in one of 10^7 sets of a million rows, two are alike. */
const DIGEST_BYTES = 8;
const WORDS = DIGEST_BYTES / Uint32Array.BYTES_PER_ELEMENT;

/** Lists grow, and are stored and read, in parts of 512 KB, so that millions of digests are never in memory twice. */
const DIGESTS_OF_A_PART = 64 * 1024;

/** The maximum share of used slots in a set. Beyond that, searches take long. */
const MAX_FILL_SHARE = 2 / 3;

/** Rows, each as 8 bytes of its digest. Rows are only added, and may be repeated. */
export type DigestList = ReturnType<typeof createDigestList>;

/** Create an empty list. */
export function createDigestList() {
  const parts: Uint32Array[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(row: readonly unknown[]): void {
      const index = Math.floor(size / DIGESTS_OF_A_PART);
      if (index === parts.length) parts.push(new Uint32Array(DIGESTS_OF_A_PART * WORDS));
      parts[index]?.set(digestOf(row), (size % DIGESTS_OF_A_PART) * WORDS);
      size += 1;
    },
    /** Start over, with the memory that is already allocated. */
    clear(): void {
      size = 0;
    },
    /** Their bytes, for {@link openDigestSet} on a machine with the same byte order. Must not be modified. */
    toParts: () =>
      parts.slice(0, Math.ceil(size / DIGESTS_OF_A_PART)).map(({ buffer }, index) => {
        const count = Math.min(size - index * DIGESTS_OF_A_PART, DIGESTS_OF_A_PART);
        return new Uint8Array(buffer, 0, count * DIGEST_BYTES);
      }),
  };
}

/**
 * Convert a list's parts to a set: an open hash table, in which a pair of zero words is a free slot. Millions of rows
 * take twelve bytes each; a `Set` would take a hundred.
 *
 * @returns whether a row is in it
 */
export function openDigestSet(parts: readonly Uint8Array[]): (row: readonly unknown[]) => boolean {
  const count = parts.reduce((sum, { length }) => sum + length / DIGEST_BYTES, 0);
  const capacity = Math.ceil(count / MAX_FILL_SHARE) + 1;
  const words = new Uint32Array(capacity * WORDS);

  /** Where the pair is, or the free slot where it would be. */
  function placeOf(a: number, b: number): number {
    for (let slot = a % capacity; ; slot = (slot + 1) % capacity) {
      const at = slot * WORDS;
      const [knownA, knownB] = [words[at], words[at + 1]];
      if ((knownA === a && knownB === b) || (knownA === 0 && knownB === 0)) return at;
    }
  }

  for (const part of parts) {
    const pairs = new Uint32Array(part.slice().buffer);
    for (let at = 0; at < pairs.length; at += WORDS) {
      const [a = 0, b = 0] = [pairs[at], pairs[at + 1]];
      words.set([a, b], placeOf(a, b));
    }
  }
  return (row) => {
    const at = placeOf(...digestOf(row));
    return words[at] !== 0 || words[at + 1] !== 0;
  };
}

/** Never two zeros, which mark a free slot. */
function digestOf(row: readonly unknown[]): [number, number] {
  // As text, because a buffer for each would be outside the heap, where V8 does not see it grow.
  const digest = hash('sha1', textOf(row), 'binary');
  return [wordOf(digest, 0), wordOf(digest, 4) || 1];
}

/** A row as JSON. What is nested thousands deep can be read, but not written: what is not nested has to do. */
export function textOf(row: readonly unknown[]): string {
  try {
    return JSON.stringify(row);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return JSON.stringify(row.map((value) => (typeof value === 'object' ? null : value)));
  }
}

/** Four characters of one byte each. */
function wordOf(text: string, at: number): number {
  const low = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8);
  const high = text.charCodeAt(at + 2) | (text.charCodeAt(at + 3) << 8);
  return (low | (high << 16)) >>> 0;
}
