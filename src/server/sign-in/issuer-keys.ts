import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWSHeaderParameters,
  type JWTVerifyGetKey,
} from 'jose';
import { exchange } from '../../datasources/upstream/http-exchange.js';
import { createHttpPool, type HttpPool } from '../../datasources/upstream/http-pool.js';
import type { OutgoingProxies } from '../../datasources/upstream/outgoing-proxy.js';
import { SignInUnavailableError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import { toUsableKeys } from './usable-keys.js';

/** When the keys are fetched again; a withdrawn key is not accepted for longer. */
const FRESH_MS = 600_000;

/** How long cached keys are used if they can't be fetched again, so that an issuer's outage locks nobody out. */
const KEPT_MS = 3_600_000;

/** How often tokens with an unknown key can cause a fetch. */
const COOLDOWN_MS = 30_000;

/** The pause after a failed fetch, so that callers can't cause a flood of them. */
const QUIET_MS = 5_000;

const TIMEOUT_MS = 5_000;

/** How long a token waits for a new fetch while cached keys could be used. */
const PATIENCE_MS = 1_000;

/**
 * The keys with which an issuer signs its tokens. They are fetched when first needed, and again when they are old or
 * a token names an unknown one, as happens after the issuer has changed its keys.
 *
 *     fresh ──10 min──▶ old: the next token has them fetched, and waits a second for that
 *       ▲                │
 *       │                ▼ they do not come
 *       └──fetched── in doubt: fetched beside what goes on; those that are kept do, for an hour in all
 *
 * @throws {SignInUnavailableError} (when called) the keys can't be fetched, and no cached keys can be used
 * @throws {errors.JWKSMultipleMatchingKeys} (when called) any of several may be the right one; iterates over them
 * @throws {errors.JOSEError} (when called) the issuer has no such key
 */
export function createIssuerKeys({
  url,
  clock,
  proxies,
  onFailed,
  onUnusable,
}: {
  /** Where the issuer publishes its keys (a JSON Web Key Set). */
  readonly url: URL;
  readonly clock: Clock;
  readonly proxies?: OutgoingProxies | undefined;
  /** Called each time that the keys could not be fetched. */
  readonly onFailed: (error: unknown) => void;
  /** Called with the number of unusable keys each time that some were fetched. */
  readonly onUnusable: (count: number) => void;
}): JWTVerifyGetKey {
  const pool = createHttpPool(url, { clock, proxies });
  // jose uses the wall clock. So it is told to keep its keys, and this code decides when to fetch.
  const kept = createRemoteJWKSet(url, {
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: createKeysFetch(pool, `${url.pathname}${url.search}`, onUnusable),
  });
  let fetchedMs = Number.NEGATIVE_INFINITY;
  let quietUntil = Number.NEGATIVE_INFINITY;
  let lastFailure: unknown;
  let fetching: Promise<void> | null = null;
  /** Whether the last repeated fetch took too long. */
  let isInDoubt = false;

  const ageMs = () => clock.monotonicMs() - fetchedMs;

  function noteFailure(error: unknown): void {
    isInDoubt = true;
    quietUntil = clock.monotonicMs() + QUIET_MS;
    lastFailure = error;
    onFailed(error);
  }

  /** Once for all concurrent callers. */
  function fetchKeys(): Promise<void> {
    fetching ??= fetchOnce().finally(() => {
      fetching = null;
    });
    return fetching;
  }

  async function fetchOnce(): Promise<void> {
    try {
      await kept.reload();
    } catch (error) {
      noteFailure(error);
      throw error;
    }
    fetchedMs = clock.monotonicMs();
    isInDoubt = false;
  }

  /** Fetch old keys again, and wait for that as long as it makes sense. */
  async function freshen(): Promise<void> {
    if (ageMs() < FRESH_MS) return;
    const fetched = fetchKeys();
    if (ageMs() > KEPT_MS) return fetched;
    // Callers who don't wait for it ignore its failure.
    fetched.catch(() => {});
    if (isInDoubt) return;
    const { promise: impatient, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(PATIENCE_MS, () => {
      isInDoubt = true;
      resolve();
    });
    await Promise.race([fetched, impatient]).finally(cancel);
  }

  const find: JWTVerifyGetKey = async (header, token) => {
    await freshen();
    try {
      return await kept(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || ageMs() < COOLDOWN_MS) throw error;
      await fetchKeys();
      return kept(header, token);
    }
  };

  /** The key that the token names, or else one without a name: the signature shows whether it fits. */
  const orUnnamed =
    (find: JWTVerifyGetKey): JWTVerifyGetKey =>
    async (header, token) => {
      try {
        return await find(header, token);
      } catch (error) {
        const unnamed = kept.jwks()?.keys.filter(({ kid }) => kid === undefined) ?? [];
        if (!(error instanceof errors.JWKSNoMatchingKey) || unnamed.length === 0) throw error;
        return createLocalJWKSet({ keys: unnamed })(withoutKid(header), token);
      }
    };

  /** Without a fetch. A key that is not cached may be new. */
  const findKept: JWTVerifyGetKey = async (header, token) => {
    const jwks = kept.jwks();
    if (!jwks || ageMs() > KEPT_MS) throw new SignInUnavailableError(lastFailure);
    try {
      return await orUnnamed(createLocalJWKSet(jwks))(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) throw new SignInUnavailableError(lastFailure);
      throw error;
    }
  };

  return async (header, token) => {
    if (clock.monotonicMs() < quietUntil) return findKept(header, token);
    try {
      return await orUnnamed(find)(header, token);
    } catch (error) {
      if (isOfToken(error)) throw error;
      if (error !== lastFailure) noteFailure(error);
      return findKept(header, token);
    }
  };
}

function withoutKid({ kid: _kid, ...rest }: JWSHeaderParameters & { alg: string }) {
  return rest;
}

/** The issuer answered; the token names no usable key. */
function isOfToken(error: unknown): boolean {
  return [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported].some(
    (kind) => error instanceof kind,
  );
}

/** Fetches the usable keys of a set. Anything that is not a set is passed on unchanged. */
function createKeysFetch(
  pool: HttpPool,
  path: string,
  onUnusable: (count: number) => void,
): FetchImplementation {
  return async (_url, { headers, signal }) => {
    const request = { method: 'GET', path, headers: Object.fromEntries(headers) } as const;
    const answer = await exchange(pool, request, signal);
    if (answer.kind !== 'answered') throw answer.cause;
    if (answer.status !== 200) return new Response(null, { status: answer.status });
    const set = JSON.parse(answer.body) as { keys?: unknown } | null;
    if (!Array.isArray(set?.keys)) return Response.json(set);
    const { keys, unusableCount } = await toUsableKeys(set.keys);
    if (unusableCount > 0) onUnusable(unusableCount);
    return Response.json({ keys });
  };
}
