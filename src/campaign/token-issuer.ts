import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../adobe/clock.js';
import type { Client, Credentials } from './credentials.js';

/** What asking for a token comes to. */
export type TokenOutcome =
  | { readonly kind: 'issued'; readonly accessToken: string; readonly expiresInS: number }
  | { readonly kind: 'wrongClientId' | 'wrongClientSecret' };

/** Issues tokens, each good for its lifetime. They are in memory: a restart ends them all. */
export interface TokenIssuer {
  /** @throws {CredentialsUnreadableError} */
  issue(clientId: string, clientSecret: string): TokenOutcome;
  /**
   * The client that a token was issued to; null where nobody issued it, it has expired, or the client is
   * not one any more.
   *
   * @throws {CredentialsUnreadableError}
   */
  clientOf(accessToken: string): Client | null;
}

/** @param lifetimeS - how long a token is good, in s */
export function createTokenIssuer(
  credentials: Pick<Credentials, 'clients'>,
  lifetimeS: number,
  clock: Clock,
): TokenIssuer {
  /** Oldest first, as a Map keeps its order and all lifetimes are the same. By the monotonic clock, in ms. */
  const issued = new Map<string, { readonly clientId: string; readonly expiresAt: number }>();

  function forgetExpired(now: number): void {
    for (const [token, { expiresAt }] of issued) {
      if (expiresAt > now) return;
      issued.delete(token);
    }
  }

  function find(clientId: string): Client | undefined {
    return credentials.clients().find((client) => client.clientId === clientId);
  }

  return {
    issue(clientId, clientSecret) {
      const client = find(clientId);
      if (client === undefined) return { kind: 'wrongClientId' };
      if (!isSame(client.clientSecret, clientSecret)) return { kind: 'wrongClientSecret' };
      const now = clock.monotonicMs();
      forgetExpired(now);
      const accessToken = randomBytes(32).toString('base64url');
      issued.set(accessToken, { clientId, expiresAt: now + lifetimeS * 1_000 });
      return { kind: 'issued', accessToken, expiresInS: lifetimeS };
    },

    clientOf(accessToken) {
      const token = issued.get(accessToken);
      if (token === undefined || token.expiresAt <= clock.monotonicMs()) return null;
      return find(token.clientId) ?? null;
    },
  };
}

/** Compare secrets without telling by the time it takes how much of them agrees. */
export function isSame(secret: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(secret), digest(given));
}
