import { afterAll, beforeAll } from '@jest/globals';
import { exportSPKI, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import type { GatewayConfig } from '../../src/gateway.js';
import { type Right, rights, toMappingScope } from '../../src/ingestion/caller.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { MINE, THEIRS } from './operation-cases.js';
import {
  goodClaims,
  type IssuerKey,
  MAPPINGS_CLAIM,
  newIssuerKey,
  signToken,
  startTokenIssuer,
  type TokenIssuer,
  toTokenRules,
} from './token-issuer.js';

/** What a caller presents, and the expected result. */
export interface CallerCase {
  readonly show: () => Promise<string | undefined>;
  readonly is:
    | 'refused'
    | 'expired'
    | { readonly rights: readonly Right[]; readonly sees: boolean };
}

const refused = (token: () => Promise<string> | string): CallerCase => ({
  show: async () => `Bearer ${await token()}`,
  is: 'refused',
});

const known = (token: () => Promise<string> | string, granted: readonly Right[], sees = true) => ({
  show: async () => `Bearer ${await token()}`,
  is: { rights: granted, sees },
});

/** Callers of every kind. */
export interface CallerCases {
  readonly callers: Record<string, CallerCase>;
  /** The settings of a gateway that knows some of them. */
  signIn(): GatewayConfig['signIn'];
  /** A good token. */
  tokenFor(
    granted: readonly Right[],
    mappings: readonly string[],
    more?: JWTPayload,
  ): Promise<string>;
}

/** One issuer of their tokens for all tests of the file that calls this. */
export function useCallers(): CallerCases {
  const apiKeys = { right: newApiKey(), expired: newApiKey(), theirs: newApiKey() };

  let issuer: TokenIssuer;
  let key: IssuerKey;
  let rsaKey: IssuerKey;
  let stranger: IssuerKey;

  beforeAll(async () => {
    key = await newIssuerKey('k1');
    rsaKey = await newIssuerKey('k2', 'RS256');
    stranger = await newIssuerKey('k1');
    issuer = await startTokenIssuer(key, rsaKey);
  });

  afterAll(() => issuer.close());

  function tokenFor(
    granted: readonly Right[],
    mappings: readonly string[],
    more: JWTPayload = {},
  ): Promise<string> {
    return signToken(key, { scope: granted.join(' '), [MAPPINGS_CLAIM]: mappings, ...more });
  }

  const all = () => ({ ...goodClaims(), scope: rights.join(' '), [MAPPINGS_CLAIM]: ['*'] });
  const past = () => Math.floor(Date.now() / 1000) - 1;

  const callers: Record<string, CallerCase> = {
    nobody: { show: async () => undefined, is: 'refused' },
    'an empty header': { show: async () => '', is: 'refused' },
    'another scheme': { show: async () => 'Basic Y2k6Y2k=', is: 'refused' },
    'no token at all': { show: async () => 'Bearer ', is: 'refused' },
    'a text that is no token': refused(() => 'x.y.z'),
    'an expired token': {
      show: async () => `Bearer ${await tokenFor(rights, ['*'], { exp: past() })}`,
      is: 'expired',
    },
    'a token without an end': refused(() => {
      const { exp, ...endless } = all();
      return new SignJWT(endless)
        .setProtectedHeader({ alg: key.alg, kid: key.kid })
        .sign(key.privateKey);
    }),
    'a token that does not hold yet': refused(() =>
      tokenFor(rights, ['*'], { nbf: past() + 1_000 }),
    ),
    'a token for another audience': refused(() => tokenFor(rights, ['*'], { aud: 'other' })),
    'a token of another issuer': refused(() => tokenFor(rights, ['*'], { iss: 'https://other/' })),
    'a token that names nobody': refused(() => tokenFor(rights, ['*'], { sub: ' ' })),
    'a token whose name breaks lines': refused(() => tokenFor(rights, ['*'], { sub: 'a\nb' })),
    'the algorithm "none"': refused(() => new UnsecuredJWT(all()).encode()),
    'the algorithm "none", with a signature': refused(async () => {
      const [, payload, signature] = (await tokenFor(rights, ['*'])).split('.');
      const header = Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url');
      return `${header}.${payload}.${signature}`;
    }),
    'HS256 with the public key as PEM': refused(async () => {
      const pem = await exportSPKI(
        (await importJWK(rsaKey.publicJwk, 'RS256')) as IssuerKey['privateKey'],
      );
      return new SignJWT(all())
        .setProtectedHeader({ alg: 'HS256', kid: 'k2' })
        .sign(Buffer.from(pem));
    }),
    'HS256 with the public key as JWK': refused(() =>
      new SignJWT(all())
        .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
        .sign(Buffer.from(JSON.stringify(key.publicJwk))),
    ),
    'an algorithm that is not allowed': refused(async () => {
      const { privateKey } = await newIssuerKey('k1', 'EdDSA');
      return new SignJWT(all()).setProtectedHeader({ alg: 'EdDSA', kid: 'k1' }).sign(privateKey);
    }),
    'a key that the issuer does not have': refused(() =>
      signToken({ ...stranger, kid: 'k9' }, all()),
    ),
    'another key by the name of the issuer’s': refused(() => signToken(stranger, all())),
    'a token with other claims than were signed': refused(async () => {
      const [header, , signature] = (await tokenFor([], [])).split('.');
      return `${header}.${Buffer.from(JSON.stringify(all())).toString('base64url')}.${signature}`;
    }),
    'an API key that is not known': refused(() => newApiKey().key),
    'an API key’s beginning': refused(() => apiKeys.right.key.slice(0, -1)),
    'an API key’s hash': refused(() => `sluice_${apiKeys.right.sha256}`),
    'an expired API key': { show: async () => `Bearer ${apiKeys.expired.key}`, is: 'expired' },
    'read only': known(() => tokenFor(['ingestion:read'], ['mine*']), ['ingestion:read']),
    'start only': known(() => tokenFor(['ingestion:start'], [MINE]), ['ingestion:start']),
    'no rights': known(() => tokenFor([], ['*']), []),
    'other mapping': known(() => tokenFor(rights, [THEIRS, 'first', 'min']), rights, false),
    'an API key of other mapping': known(() => apiKeys.theirs.key, rights, false),
    'the right one': known(() => tokenFor(rights, ['x', MINE]), rights),
    'the right one, by a prefix': known(() => tokenFor(rights, ['mine*']), rights),
    'the right one, by RSA': known(() => signToken(rsaKey, all()), rights),
    'the right API key': known(() => apiKeys.right.key, rights),
  };

  const entry = { rights, expiresAt: null };

  return {
    callers,
    tokenFor,
    signIn: () => ({
      accessTokens: toTokenRules(issuer),
      apiKeys: [
        { ...entry, name: 'a', sha256: apiKeys.right.sha256, mappings: toMappingScope(['mine*']) },
        {
          ...entry,
          name: 'b',
          sha256: apiKeys.expired.sha256,
          mappings: toMappingScope(['*']),
          expiresAt: 1,
        },
        { ...entry, name: 'c', sha256: apiKeys.theirs.sha256, mappings: toMappingScope([THEIRS]) },
      ],
    }),
  };
}
