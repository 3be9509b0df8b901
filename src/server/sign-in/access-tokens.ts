import { hash } from 'node:crypto';
import {
  type CryptoKey,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../../ingestion/caller.js';
import { UnauthenticatedError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import { ClaimError, type ClaimRules, toCaller } from './token-claims.js';

/** The allowed signature algorithms: those in which only the issuer has the signing key. */
export const tokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
/** One of {@link tokenAlgorithms}. */
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** How many verified tokens are cached, and for how long; then the signature is checked again. */
const MAX_REMEMBERED = 10_000;
const REMEMBERED_MS = 60_000;

/**
 * How many keys are tried if a token does not say which one signed it: more than an issuer has at once, and few
 * enough that an invalid token costs little.
 */
const MAX_KEYS_TRIED = 16;

/** Which tokens are accepted. */
export interface TokenRules extends ClaimRules {
  readonly issuer: string;
  /** A token's audience must include one of these. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly TokenAlgorithm[];
  /** How far the issuer's clock may differ from ours. */
  readonly clockToleranceMs: number;
}

/** Access tokens: JSON Web Tokens that an issuer signed for this gateway. */
export type AccessTokens = ReturnType<typeof createAccessTokens>;

/** @param keys - the issuer's */
export function createAccessTokens(
  rules: TokenRules,
  keys: JWTVerifyGetKey,
  clock: Pick<Clock, 'now'>,
) {
  /** By the token's hash, so that the cache contains nothing to sign in with. */
  const remembered = new LRUCache<string, Caller>({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS });
  /** Expired tokens, which may be sent again and again, too. */
  const expired = new LRUCache<string, true>({ max: MAX_REMEMBERED, ttl: REMEMBERED_MS });
  /** All accepted tokens: sending one of them is not an attempt to guess. */
  const accepted = new LRUCache<string, true>({ max: MAX_REMEMBERED });

  async function verifyNow(token: string): Promise<Caller> {
    const { issuer, audiences, algorithms, clockToleranceMs } = rules;
    const payload = await verifyWith(keys, token, {
      issuer,
      audience: [...audiences],
      algorithms: [...algorithms],
      clockTolerance: clockToleranceMs / 1000,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp'],
    });
    return toCaller(payload, rules, (payload.exp ?? 0) * 1000 + clockToleranceMs);
  }

  return {
    /** The caller, if the result is cached. */
    recall: (token: string) => remembered.get(toHash(token)) ?? null,
    /** Whether an earlier check found that the issuer signed it. */
    isKnown(token: string): boolean {
      const hash = toHash(token);
      return accepted.has(hash) || expired.has(hash);
    },
    /**
     * The caller of a token. The result is cached for a minute.
     *
     * @throws {UnauthenticatedError} it is not acceptable
     * @throws {SignInUnavailableError} the issuer's keys can't be fetched
     */
    async verify(token: string): Promise<Caller> {
      const hash = toHash(token);
      const known = remembered.get(hash);
      if (known) return known;
      if (expired.has(hash)) throw new UnauthenticatedError('expired');
      try {
        const caller = await verifyNow(token);
        remembered.set(hash, caller);
        accepted.set(hash, true);
        return caller;
      } catch (error) {
        accepted.delete(hash);
        if (error instanceof errors.JWTExpired) {
          expired.set(hash, true);
          throw new UnauthenticatedError('expired', error);
        }
        if (error instanceof errors.JOSEError || error instanceof ClaimError) {
          throw new UnauthenticatedError('refused', error);
        }
        throw error;
      }
    },
  };
}

/** @throws {errors.JOSEError} no key of the issuer signed it, or its claims are not acceptable */
async function verifyWith(
  keys: JWTVerifyGetKey,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let triedCount = 0;
    for await (const key of error as AsyncIterable<CryptoKey>) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (reason) {
        // Claims are only checked after the signature.
        if (!(reason instanceof errors.JWSSignatureVerificationFailed)) throw reason;
      }
      triedCount += 1;
      if (triedCount === MAX_KEYS_TRIED) break;
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function toHash(token: string): string {
  return hash('sha256', token, 'base64');
}
