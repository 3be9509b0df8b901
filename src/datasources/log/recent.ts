import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ingestion/ports.js';

/** So many of a kind are remembered: some ten MB. */
const MAX_REMEMBERED = 20_000;

/**
 * What other processes change without a word is remembered for so long, in ms: as long as a stream waits for a
 * transition whose notification was lost.
 */
export const UNTOLD_MS = 1_000;

/** A read or a write that is under way, and which keys have changed since it began. */
interface UnderWay {
  readonly changed: Set<string>;
  isAllChanged: boolean;
}

/**
 * What the database said last of what was asked about lately.
 *
 * A value is given until it is forgotten; whoever changes it in the database forgets it here once that is done,
 * and so does whoever hears of a change. What was read meanwhile may be of before, and is not remembered.
 *
 * @see docs/adr/0035-asking-is-as-fast-as-being-told.md
 */
export class Recent<V extends object> {
  readonly #values: LRUCache<string, V>;
  readonly #underWay = new Set<UnderWay>();

  /** @param isShared - whether other processes change the database, too */
  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    isShared: boolean,
  ) {
    this.#values = new LRUCache({
      max: MAX_REMEMBERED,
      ttl: isShared ? UNTOLD_MS : 0,
      ttlResolution: 0,
      perf: { now: () => clock.monotonicMs() },
    });
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** What is known of these keys; what is not remembered is read, all of it at once. */
  async read(
    keys: readonly string[],
    readMissing: (missing: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  ): Promise<ReadonlyMap<string, V>> {
    const found = new Map<string, V>();
    const missing = new Set<string>();
    for (const key of keys) {
      const value = this.get(key);
      if (value) found.set(key, value);
      else missing.add(key);
    }
    if (missing.size === 0) return found;
    const reading = this.#begin();
    const start = this.clock.monotonicMs();
    try {
      for (const [key, value] of await readMissing([...missing])) {
        found.set(key, value);
        if (isUnchanged(reading, key)) this.#values.set(key, value, { start });
      }
      return found;
    } finally {
      this.#underWay.delete(reading);
    }
  }

  /**
   * Change these in the database. What it gives back of them is remembered in place of what was; unless something
   * else has changed it meanwhile, of which nobody knows which came last.
   */
  async write(
    keys: readonly string[],
    change: () => Promise<ReadonlyMap<string, V>>,
  ): Promise<void> {
    const writing = this.#begin();
    const start = this.clock.monotonicMs();
    let written: ReadonlyMap<string, V> = new Map();
    try {
      written = await change();
    } finally {
      this.#underWay.delete(writing);
      for (const key of keys) {
        const value = this.#values.has(key) && isUnchanged(writing, key) ? written.get(key) : null;
        this.forget(key);
        if (value) this.#values.set(key, value, { start });
      }
    }
  }

  /** This is something else in the database by now: what is remembered of it is changed in the same way. */
  change(key: string, toChanged: (value: V) => V): void {
    const value = this.#values.get(key);
    if (value) this.#values.set(key, toChanged(value), { noUpdateTTL: true });
    this.#tellReaders(key);
  }

  forget(key: string): void {
    this.#values.delete(key);
    this.#tellReaders(key);
  }

  forgetAll(): void {
    this.#values.clear();
    for (const underWay of this.#underWay) underWay.isAllChanged = true;
  }

  #tellReaders(key: string): void {
    for (const { changed } of this.#underWay) changed.add(key);
  }

  #begin(): UnderWay {
    const underWay: UnderWay = { changed: new Set(), isAllChanged: false };
    this.#underWay.add(underWay);
    return underWay;
  }
}

function isUnchanged({ changed, isAllChanged }: UnderWay, key: string): boolean {
  return !isAllChanged && !changed.has(key);
}
