import { hash, randomBytes } from 'node:crypto';
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

interface Entry {
  /** Everything about the caller, to tell whether a new entry says the same. */
  readonly text: string;
  readonly caller: Caller;
}

/** Identify callers by these keys, until they are replaced. Several may belong to one caller. */
export function createApiKeys(keys: readonly ApiKey[]) {
  let entries: ReadonlyMap<string, Entry> = new Map();

  function replace(newKeys: readonly ApiKey[]): ReadonlySet<Caller> {
    const before = entries;
    entries = new Map(
      newKeys.map(({ sha256, ...caller }) => {
        const digest = sha256.toLowerCase();
        const text = JSON.stringify(caller);
        const known = before.get(digest);
        return [digest, known?.text === text ? known : { text, caller }];
      }),
    );
    const kept = new Set(entries.values());
    const gone = [...before.values()].filter((entry) => !kept.has(entry));
    return new Set(gone.map(({ caller }) => caller));
  }

  replace(keys);
  return {
    /**
     * Replace the valid keys.
     *
     * @returns the callers, as they were identified, of keys that are no longer valid or have changed
     */
    replace,
    /**
     * The caller of a key, expired or not; null if there is no such key. How long it takes tells about digests only, and
     * nobody can choose those.
     */
    find: (key: string) => entries.get(hash('sha256', key))?.caller ?? null,
  };
}

/** A key that nobody can guess, and what to store of it. */
export function newApiKey(): { readonly key: string; readonly sha256: string } {
  const key = API_KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  return { key, sha256: hash('sha256', key) };
}
