/** A token as it was fetched. */
export interface FreshToken {
  readonly accessToken: string;
  /** How long it is valid from the fetch, in ms. */
  readonly lifeMs: number;
}

/** A token, whoever fetched it. */
export interface SharedToken extends FreshToken {
  /** How long ago it was fetched, in ms. */
  readonly ageMs: number;
}

/** Fetches each token once for all who share it. */
export interface TokenShare {
  /**
   * A token that is neither due for renewal nor the rejected one: an existing one, or the result of `fetch`. One
   * replica at a time calls `fetch`; the others wait for its result.
   *
   * @param rejected - a token that the upstream rejected; null if none
   * @throws {UpstreamError} the error of `fetch`, whoever called it
   */
  obtain(fetch: () => Promise<FreshToken>, rejected: string | null): Promise<SharedToken>;
}

/** The share of a gateway with its own token. */
export const unsharedToken: TokenShare = {
  obtain: async (fetch) => ({ ...(await fetch()), ageMs: 0 }),
};

/**
 * A token is renewed when a tenth of its life is left, but at most five minutes early. That is enough for any call
 * with the old token to arrive, and for some failed fetches before it expires.
 */
const RENEWAL_SHARE = 0.1;
const MAX_RENEWAL_MS = 5 * 60 * 1000;

/** How long before its end a token is due for renewal, in ms. */
export function toRenewalMs(lifeMs: number): number {
  return Math.min(lifeMs * RENEWAL_SHARE, MAX_RENEWAL_MS);
}
