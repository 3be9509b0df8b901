import { UpstreamError, type UpstreamErrorCode } from '../../ingestion/gateway-error.js';
import { startDeadline } from './call-deadline.js';
import { requireHeaderText } from './campaign.request.js';
import { exchange } from './http-exchange.js';
import { createHttpPool, type HttpPoolOptions } from './http-pool.js';
import { type ClientCredentials, parseTokenAnswer, toTokenRequest } from './ims-token.wire.js';
import { type FreshToken, type TokenShare, toRenewalMs, unsharedToken } from './token-share.js';

/** A token that the operator renews. */
export interface ReadyToken {
  readonly kind: 'ready';
  readonly accessToken: string;
}

/** Where the access token for the upstream comes from. */
export interface TokenSource {
  /**
   * The current token. If there is none, one is fetched, once for all concurrent callers. A token that is due for
   * renewal is returned while a newer one is fetched.
   *
   * @throws {UpstreamError} UPSTREAM_UNAUTHENTICATED (the credentials were refused), UPSTREAM_TIMEOUT or
   *   UPSTREAM_UNAVAILABLE. For a while after a failed fetch, the same error again with `retryAfterMs`, without
   *   another fetch
   */
  token(): Promise<string>;

  /** Note that the upstream has accepted a token: if it is rejected later, a newer one may help. */
  accept(accepted: string): void;

  /**
   * Discard a token that the upstream rejected. If the upstream does not say that the token is the problem, only a
   * token that was accepted before or is not new is discarded.
   *
   * @returns whether asking for a token again may give a different one
   */
  discard(rejected: string, rejection: 'certain' | 'possible'): boolean;

  close(): Promise<void>;
}

/** What a source requires. */
export interface TokenSourceOptions extends HttpPoolOptions {
  /** The deadline of one fetch, in ms. */
  readonly timeoutMs: number;
  /** If replicas share a token: lets one of them fetch it. */
  readonly share?: TokenShare | undefined;
  /** Called after each fetch; `durationMs` by the clock. */
  readonly onFetch?: ((outcome: 'OK' | UpstreamErrorCode, durationMs: number) => void) | undefined;
}

/**
 * Create the source that the configuration asks for.
 *
 * @throws {TypeError} a ready token is not valid in a header
 */
export function createTokenSource(
  from: ReadyToken | ClientCredentials,
  options: TokenSourceOptions,
): TokenSource {
  switch (from.kind) {
    case 'ready':
      requireHeaderText(from.accessToken, 'access token');
      return {
        token: () => Promise.resolve(from.accessToken),
        accept: () => {},
        discard: () => false,
        close: () => Promise.resolve(),
      };
    case 'clientCredentials':
      return createFetchedTokens(from, options);
  }
}

/** The pause after a failed fetch, doubled with each in a row, because Adobe throttles clients that ask too often. */
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60_000;

/** How long a new token is kept although it was rejected and never accepted: a newer one would not help. In ms. */
const MIN_AGE_TO_DISCARD_MS = 30_000;

/** If tokens are accepted and rejected in turn, at most this many are replaced, and then one every 30 s. */
const MAX_DISCARDED = 10;
const DISCARDED_WITHIN_MS = 5 * 60_000;

interface FetchedToken {
  readonly value: string;
  readonly fetchedAt: number;
  readonly renewAt: number;
  readonly expiresAt: number;
  /** It was fetched because its predecessor was rejected. */
  readonly isReplacement: boolean;
}

interface FailedFetch {
  readonly error: UpstreamError;
  readonly retryAt: number;
  readonly pauseMs: number;
}

function createFetchedTokens(
  credentials: ClientCredentials,
  { clock, timeoutMs, share = unsharedToken, onFetch, ...network }: TokenSourceOptions,
): TokenSource {
  const pool = createHttpPool(new URL(credentials.imsUrl), { clock, ...network });
  const request = toTokenRequest(credentials);

  let current: FetchedToken | null = null;
  let rejectedToken: string | null = null;
  let acceptedToken: string | null = null;
  let discardedAt: readonly number[] = [];
  let underWay: Promise<string> | null = null;
  let lastFailure: FailedFetch | null = null;
  /** The fetch that is still to be reported. */
  let lastFetch: { outcome: 'OK' | UpstreamErrorCode; durationMs: number } | null = null;

  async function fetchToken(): Promise<FreshToken> {
    const startedAt = clock.monotonicMs();
    const deadline = startDeadline(clock, timeoutMs);
    try {
      const answer = await exchange(pool, request, deadline.signal);
      const token = parseTokenAnswer(answer);
      lastFetch = { outcome: 'OK', durationMs: clock.monotonicMs() - startedAt };
      return token;
    } catch (error) {
      lastFetch = {
        outcome: toUpstreamError(error).code,
        durationMs: clock.monotonicMs() - startedAt,
      };
      throw error;
    } finally {
      deadline.release();
    }
  }

  async function renew(): Promise<string> {
    try {
      const { accessToken, lifeMs, ageMs } = await share.obtain(fetchToken, rejectedToken);
      const fetchedAt = clock.monotonicMs() - ageMs;
      const expiresAt = fetchedAt + lifeMs;
      const renewAt = expiresAt - toRenewalMs(lifeMs);
      const isReplacement = rejectedToken !== null;
      current = { value: accessToken, fetchedAt, renewAt, expiresAt, isReplacement };
      lastFailure = null;
      rejectedToken = null;
    } catch (thrown) {
      const error = toUpstreamError(thrown);
      const pauseMs = Math.min((lastFailure?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2, MAX_PAUSE_MS);
      const retryAt = clock.monotonicMs() + Math.max(pauseMs, error.retryAfterMs ?? 0);
      lastFailure = { error, retryAt, pauseMs };
      throw error;
    } finally {
      underWay = null;
      if (lastFetch) onFetch?.(lastFetch.outcome, lastFetch.durationMs);
      lastFetch = null;
    }
    return current.value;
  }

  /** The fetch in progress, a new one, or the last failure while it is too early for a new one. */
  function renewOnce(): Promise<string> {
    if (underWay) return underWay;
    if (lastFailure && clock.monotonicMs() < lastFailure.retryAt) {
      return Promise.reject(
        toRepeated(lastFailure, Math.ceil(lastFailure.retryAt - clock.monotonicMs())),
      );
    }
    underWay = renew();
    return underWay;
  }

  return {
    token() {
      if (!current || clock.monotonicMs() >= current.expiresAt) return renewOnce();
      // The old token is used while a newer one is fetched, and also if that fails. After it has expired, callers get
      // the failure.
      if (clock.monotonicMs() >= current.renewAt) renewOnce().catch(() => {});
      return Promise.resolve(current.value);
    },
    accept(accepted) {
      acceptedToken = accepted;
    },
    discard(rejected, rejection) {
      // Another caller has discarded it already: a newer one is there or on its way.
      if (current?.value !== rejected) return true;
      const now = clock.monotonicMs();
      const isYoung = now - current.fetchedAt < MIN_AGE_TO_DISCARD_MS;
      const isDoubtful = current.isReplacement || rejection === 'possible';
      if (isDoubtful && isYoung && acceptedToken !== rejected) return false;
      discardedAt = discardedAt.filter((at) => now - at < DISCARDED_WITHIN_MS);
      if (discardedAt.length === MAX_DISCARDED) return false;
      discardedAt = [...discardedAt, now];
      current = null;
      rejectedToken = rejected;
      return true;
    },
    close: () => pool.destroy(),
  };
}

/** The failure of the last fetch, for a caller who asks before the next one is allowed. */
function toRepeated({ error }: FailedFetch, retryAfterMs: number): UpstreamError {
  return new UpstreamError(error.code, error.message, {
    upstream: error.upstream,
    retryAfterMs,
    cause: error,
  });
}

function toUpstreamError(thrown: unknown): UpstreamError {
  if (thrown instanceof UpstreamError) return thrown;
  return new UpstreamError('UPSTREAM_UNAVAILABLE', 'The access token could not be fetched.', {
    cause: thrown,
  });
}
