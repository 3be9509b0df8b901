import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ingestion/ports.js';

/** How many values of a kind are cached: some ten MB. */
const MAX_REMEMBERED = 20_000;

/**
 * How long a value is cached that other processes change without a notification, in ms: as long as a stream waits
 * for a transition whose notification was lost.
 */
export const UNANNOUNCED_CACHE_MS = 1_000;

/** A read or write in progress, and the keys that have changed since it began. */
interface UnderWay {
  readonly changed: Set<string>;
  isAllChanged: boolean;
}

/**
 * Caches what the database said about recently requested keys.
 *
 * A value is returned until it is removed. Code that changes it in the database removes it here afterwards, and so
 * does code that learns of a change. A read that was in progress meanwhile may be outdated, and is not cached.
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
      // For `max`, it would allocate all places at once.
      maxSize: MAX_REMEMBERED,
      sizeCalculation: () => 1,
      ttl: isShared ? UNANNOUNCED_CACHE_MS : 0,
      ttlResolution: 0,
      perf: { now: () => clock.monotonicMs() },
    });
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** The values of these keys. Those that are not cached are read, all at once. */
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
   * Change these values in the database. Its new values replace the cached ones, unless something else has changed
   * them meanwhile, because then nobody knows which change was last.
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

  /** The value has changed in the database: change the cached one in the same way. */
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
