import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';
import type { SignInConfig } from '../../src/server/sign-in/sign-in.js';
import { held, json, reset, startScriptedUpstream } from './scripted-upstream.js';

export const ISSUER = 'https://issuer.test/';
export const AUDIENCE = 'sluice';
export const MAPPINGS_CLAIM = 'sluice_mappings';

/** An issuer's pair of keys; tokens refer to it by its id. */
export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly publicJwk: JWK;
  readonly privateKey: CryptoKey;
}

export async function newIssuerKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  return { kid, alg, publicJwk: { ...(await exportJWK(publicKey)), kid, alg }, privateKey };
}

/** An issuer of access tokens, which publishes its keys over HTTP. */
export interface TokenIssuer {
  readonly jwksUrl: URL;
  /** The number of fetches of its keys. */
  readonly fetchCount: number;
  /** Publish these keys from now on. */
  publish(...keys: readonly IssuerKey[]): void;
  /** Publish these keys from now on, and hold the answer until told to send it. */
  publishLate(...keys: readonly IssuerKey[]): { readonly asked: Promise<unknown>; answer(): void };
  /** Cut all connections from now on. */
  goDown(): void;
  close(): Promise<void>;
}

export async function startTokenIssuer(...keys: readonly IssuerKey[]): Promise<TokenIssuer> {
  const server = await startScriptedUpstream();
  const toAnswer = (published: readonly IssuerKey[]) =>
    json(200, { keys: published.map(({ publicJwk }) => publicJwk) });
  const publish = (...published: readonly IssuerKey[]) => server.otherwise(toAnswer(published));
  publish(...keys);
  return {
    jwksUrl: new URL(`${server.url}/keys`),
    get fetchCount() {
      return server.calls.length;
    },
    publish,
    publishLate(...published) {
      const late = held(toAnswer(published));
      server.otherwise(late.answer);
      return { asked: server.arrived(server.calls.length + 1), answer: late.release };
    },
    goDown: () => server.otherwise(reset()),
    close: () => server.close(),
  };
}

/** The usual claims of a valid token, without rights and mappings. */
export function goodClaims(now = Date.now()): JWTPayload {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'ci', exp: Math.floor(now / 1000) + 3_600 };
}

/** Sign the claims of a valid token, with these claims added or replaced. */
export function signToken(key: IssuerKey, claims: JWTPayload = {}): Promise<string> {
  return new SignJWT({ ...goodClaims(), ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .sign(key.privateKey);
}

/** The rules by which a gateway accepts this issuer’s tokens: the defaults, except for the claim with the mappings. */
export function toTokenRules(
  { jwksUrl }: Pick<TokenIssuer, 'jwksUrl'>,
  clockToleranceMs = 0,
): NonNullable<SignInConfig['accessTokens']> {
  return {
    jwksUrl,
    issuer: ISSUER,
    audiences: [AUDIENCE],
    algorithms: ['RS256', 'ES256'],
    nameClaim: 'sub',
    mappingsClaim: MAPPINGS_CLAIM,
    clockToleranceMs,
  };
}
