import { hash } from 'node:crypto';

/** Of a digest's bytes so many are kept: two of a million rows are alike once in 10^7 sets. */
const DIGEST_BYTES = 8;
const FIRST_CAPACITY = 64;

/**
 * A set of rows, each as 8 bytes of its digest: millions of them take some ten bytes each, where a `Set`
 * would take a hundred.
 *
 * An open hash table: of the pair of words at a slot, both are 0 where the slot is free.
 */
export interface DigestSet {
  readonly size: number;
  add(row: readonly unknown[]): void;
  has(row: readonly unknown[]): boolean;
  /** For {@link parseDigestSet}. */
  toText(): string;
}

/** Begin an empty set. */
export function createDigestSet(): DigestSet {
  return createTable(FIRST_CAPACITY);
}

/** Read a set from its text. */
export function parseDigestSet(text: string): DigestSet {
  const bytes = Buffer.from(text, 'base64');
  const table = createTable(FIRST_CAPACITY);
  for (let at = 0; at + DIGEST_BYTES <= bytes.length; at += DIGEST_BYTES) {
    table.insert(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
  }
  return table;
}

function createTable(firstCapacity: number): DigestSet & { insert(a: number, b: number): void } {
  let words = new Uint32Array(firstCapacity * 2);
  let size = 0;

  /** The slot of the pair, or the free one where it would stand. Capacities are powers of two. */
  function slotOf(a: number, b: number): number {
    const mask = words.length / 2 - 1;
    let slot = a & mask;
    while ((words[slot * 2] !== a || words[slot * 2 + 1] !== b) && !isFree(slot)) {
      slot = (slot + 1) & mask;
    }
    return slot * 2;
  }

  function isFree(slot: number): boolean {
    return words[slot * 2] === 0 && words[slot * 2 + 1] === 0;
  }

  function insert(a: number, b: number): void {
    // Two thirds full: beyond that the ways through the table grow long.
    if (size * 3 >= words.length) grow();
    const at = slotOf(a, b);
    if (words[at] !== 0 || words[at + 1] !== 0) return;
    words[at] = a;
    words[at + 1] = b;
    size += 1;
  }

  function grow(): void {
    const old = words;
    words = new Uint32Array(old.length * 2);
    size = 0;
    for (let at = 0; at < old.length; at += 2) {
      const [a = 0, b = 0] = [old[at], old[at + 1]];
      if (a !== 0 || b !== 0) insert(a, b);
    }
  }

  return {
    get size() {
      return size;
    },
    insert,
    add(row) {
      const [a, b] = digestOf(row);
      insert(a, b);
    },
    has(row) {
      const at = slotOf(...digestOf(row));
      return words[at] !== 0 || words[at + 1] !== 0;
    },
    toText() {
      const bytes = Buffer.allocUnsafe(size * DIGEST_BYTES);
      let end = 0;
      for (let at = 0; at < words.length; at += 2) {
        const [a = 0, b = 0] = [words[at], words[at + 1]];
        if (a === 0 && b === 0) continue;
        bytes.writeUInt32LE(a, end);
        bytes.writeUInt32LE(b, end + 4);
        end += DIGEST_BYTES;
      }
      return bytes.toString('base64');
    },
  };
}

/** Never two zeros, which mark a free slot. */
function digestOf(row: readonly unknown[]): [number, number] {
  const digest = hash('sha1', JSON.stringify(row), 'buffer');
  return [digest.readUInt32LE(0), digest.readUInt32LE(4) || 1];
}
