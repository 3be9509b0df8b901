import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../../ingestion/caller.js';

/** Tells an API key of ours from an access token, and those who find one somewhere what it is. */
export const API_KEY_PREFIX = 'sluice_';

const KEY_BYTES = 32;

/** A key as it is kept: whose it is, and nothing that could be signed in with. */
export interface ApiKey extends Caller {
  readonly name: string;
  /** SHA-256 of the whole key, in hex. */
  readonly sha256: string;
}

/** The keys that are good. Some may be of one caller, so that each can be replaced. */
export interface ApiKeys {
  /** Whose key this is, expired or not; null where it is none. */
  find(key: string): Caller | null;
  /**
   * From now on these are good.
   *
   * @returns the callers, as they were found, of keys that are good no more or for something else
   */
  replace(keys: readonly ApiKey[]): ReadonlySet<Caller>;
}

interface Entry {
  /** All that is said of the key: whether a new entry says the same. */
  readonly text: string;
  readonly digest: Buffer;
  readonly caller: Caller;
}

/** Know callers by these keys, until they are replaced. */
export function createApiKeys(keys: readonly ApiKey[]): ApiKeys {
  let entries = keys.map(toEntry);
  return {
    replace(newKeys) {
      const known = new Map(entries.map((entry) => [entry.text, entry]));
      entries = newKeys.map(toEntry).map((entry) => known.get(entry.text) ?? entry);
      const kept = new Set(entries);
      const gone = [...known.values()].filter((entry) => !kept.has(entry));
      return new Set(gone.map(({ caller }) => caller));
    },
    find(key) {
      const digest = toDigest(key);
      let found: Caller | null = null;
      // All of them, each in constant time: how long it takes tells nothing.
      for (const entry of entries) {
        if (timingSafeEqual(entry.digest, digest)) found = entry.caller;
      }
      return found;
    },
  };
}

function toEntry(key: ApiKey): Entry {
  const { sha256, ...caller } = key;
  return { text: JSON.stringify(key), digest: Buffer.from(sha256, 'hex'), caller };
}

/** A key that nobody can guess, and what is kept of it. */
export function newApiKey(): { readonly key: string; readonly sha256: string } {
  const key = API_KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  return { key, sha256: toDigest(key).toString('hex') };
}

function toDigest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
