/** A token as it came. */
export interface FreshToken {
  readonly accessToken: string;
  /** How long it is good for, from when it was fetched, in ms. */
  readonly lifeMs: number;
}

/** A token, fetched by whoever. */
export interface SharedToken extends FreshToken {
  /** How long ago it was fetched, in ms. */
  readonly ageMs: number;
}

/** Has each token fetched once for all who share it. */
export interface TokenShare {
  /**
   * A token that is neither due for renewal nor the one that was rejected: one that is there already, or the
   * one that `fetch` gives, which is called by one at a time; the others wait for what comes of it.
   *
   * @param rejected - a token that the upstream does not accept; null where none was
   * @throws {UpstreamError} that of `fetch`, whoever called it
   */
  obtain(fetch: () => Promise<FreshToken>, rejected: string | null): Promise<SharedToken>;
}

/** The share of a gateway that has its token for itself. */
export const unsharedToken: TokenShare = {
  obtain: async (fetch) => ({ ...(await fetch()), ageMs: 0 }),
};

/**
 * A token is renewed when a tenth of its life is left, but never more than five minutes early: enough for
 * any call that sets out with it to arrive, and for some failed fetches before the old one is really gone.
 */
const RENEWAL_SHARE = 0.1;
const MAX_RENEWAL_MS = 5 * 60 * 1000;

/** How long before its end a token is due for renewal, in ms. */
export function toRenewalMs(lifeMs: number): number {
  return Math.min(lifeMs * RENEWAL_SHARE, MAX_RENEWAL_MS);
}
