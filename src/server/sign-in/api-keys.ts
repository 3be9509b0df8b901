import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../../ingestion/caller.js';

/** Distinguishes our API keys from access tokens, and tells finders of a leaked key what it is. */
export const API_KEY_PREFIX = 'sluice_';

const KEY_BYTES = 32;

/** A stored key: its caller, and nothing to sign in with. */
export interface ApiKey extends Caller {
  readonly name: string;
  /** SHA-256 of the whole key, in hex. */
  readonly sha256: string;
}

/** The valid keys. Several may belong to one caller, so that each can be replaced. */
export interface ApiKeys {
  /** The caller of a key, expired or not; null if there is no such key. */
  find(key: string): Caller | null;
  /**
   * Replace the valid keys.
   *
   * @returns the callers, as they were identified, of keys that are no longer valid or have changed
   */
  replace(keys: readonly ApiKey[]): ReadonlySet<Caller>;
}

interface Entry {
  /** Everything about the key, to tell whether a new entry says the same. */
  readonly text: string;
  readonly digest: Buffer;
  readonly caller: Caller;
}

/** Identify callers by these keys, until they are replaced. */
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
      // Compares all of them, each in constant time, so that the duration reveals nothing.
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

/** A key that nobody can guess, and what to store of it. */
export function newApiKey(): { readonly key: string; readonly sha256: string } {
  const key = API_KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  return { key, sha256: toDigest(key).toString('hex') };
}

function toDigest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
