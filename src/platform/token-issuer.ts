import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../adobe/clock.js';

/** Who may ask for tokens. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Issues tokens, each good for its lifetime. They are in memory: a restart ends them all. */
export interface TokenIssuer {
  /** Null where no client has that id and that secret. */
  issue(clientId: string, clientSecret: string): { accessToken: string; expiresInS: number } | null;
  /** True for a token that was issued and has not expired. */
  isValid(accessToken: string): boolean;
}

/** @param lifetimeS - how long a token is good, in s */
export function createTokenIssuer(
  clients: readonly Client[],
  lifetimeS: number,
  clock: Clock,
): TokenIssuer {
  /** Oldest first, as all lifetimes are the same. By the monotonic clock, in ms. */
  const expiresAtOf = new Map<string, number>();

  function forgetExpired(now: number): void {
    for (const [token, expiresAt] of expiresAtOf) {
      if (expiresAt > now) return;
      expiresAtOf.delete(token);
    }
  }

  return {
    issue(clientId, clientSecret) {
      const client = clients.find((known) => known.clientId === clientId);
      if (client === undefined || !isSame(client.clientSecret, clientSecret)) return null;
      const now = clock.monotonicMs();
      forgetExpired(now);
      const accessToken = randomBytes(32).toString('base64url');
      expiresAtOf.set(accessToken, now + lifetimeS * 1_000);
      return { accessToken, expiresInS: lifetimeS };
    },

    isValid: (accessToken) =>
      (expiresAtOf.get(accessToken) ?? Number.NEGATIVE_INFINITY) > clock.monotonicMs(),
  };
}

/** Compare secrets without telling by the time it takes how much of them agrees. */
export function isSame(secret: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(secret), digest(given));
}
