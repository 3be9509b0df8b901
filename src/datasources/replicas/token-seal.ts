import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { ClientCredentials } from '../upstream/ims-token.wire.js';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts a token, so that only holders of the client secret that fetched it can read it. */
export type TokenSeal = ReturnType<typeof createTokenSeal>;

/** AES-256-GCM, with a key derived from the client secret (HKDF-SHA-256). */
export function createTokenSeal(credentials: ClientCredentials) {
  const { imsUrl, clientId, clientSecret, scopes } = credentials;
  const derive = (purpose: string) =>
    Buffer.from(
      hkdfSync(
        'sha256',
        clientSecret,
        '',
        JSON.stringify([purpose, imsUrl, clientId, scopes]),
        KEY_BYTES,
      ),
    );
  const key = derive('sluice access token');
  const credential = derive('sluice credential name').toString('base64url');

  return {
    /** Identifies the credentials without revealing them. Other credentials have another row. */
    credential,
    seal(token: string): Buffer {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(credential));
      const text = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    /** @returns null if it was not sealed with these credentials, or was changed since */
    open(sealed: Buffer): string | null {
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
          .setAAD(Buffer.from(credential))
          .setAuthTag(tag);
        const text = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}
