import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../ingestion/caller.js';

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
}

export function createApiKeys(keys: readonly ApiKey[]): ApiKeys {
  const entries = keys.map(({ sha256, ...caller }) => ({
    digest: Buffer.from(sha256, 'hex'),
    caller,
  }));
  return {
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

/** A key that nobody can guess, and what is kept of it. */
export function newApiKey(): { readonly key: string; readonly sha256: string } {
  const key = API_KEY_PREFIX + randomBytes(KEY_BYTES).toString('base64url');
  return { key, sha256: toDigest(key).toString('hex') };
}

function toDigest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
