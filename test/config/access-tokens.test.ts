import { describe, expect, it } from '@jest/globals';
import { tokenAlgorithms } from '../../src/server/sign-in/access-tokens.js';
import { setUpSettings, tokens } from './set-up-settings.js';

const { issuesOf, parse } = setUpSettings();

describe('access tokens', () => {
  it('have defaults', () => {
    expect(parse(tokens).signIn).toEqual({
      accessTokens: {
        jwksUrl: new URL('https://issuer.test/keys'),
        issuer: 'https://issuer.test/',
        audiences: ['sluice'],
        algorithms: tokenAlgorithms,
        nameClaim: 'sub',
        mappingsClaim: null,
        clockToleranceMs: 5_000,
      },
      apiKeys: [],
    });
  });

  it('can be set in all', () => {
    expect(
      parse({
        AUTH_JWKS_URL: 'http://127.0.0.1:9/keys',
        AUTH_ISSUER: 'i',
        AUTH_AUDIENCE: 'a, b',
        AUTH_ALGORITHMS: 'ES256,RS256',
        AUTH_NAME_CLAIM: 'client_id',
        AUTH_MAPPINGS_CLAIM: 'https://sluice.test/mappings',
        AUTH_CLOCK_TOLERANCE_MS: '0',
      }).signIn?.accessTokens,
    ).toEqual({
      jwksUrl: new URL('http://127.0.0.1:9/keys'),
      issuer: 'i',
      audiences: ['a', 'b'],
      algorithms: ['ES256', 'RS256'],
      nameClaim: 'client_id',
      mappingsClaim: 'https://sluice.test/mappings',
      clockToleranceMs: 0,
    });
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'no issuer',
      { AUTH_ISSUER: '' },
      'AUTH_ISSUER is not set: expected because AUTH_JWKS_URL is set',
    ],
    [
      'no audience',
      { AUTH_AUDIENCE: '' },
      'AUTH_AUDIENCE is not set: expected because AUTH_JWKS_URL is set',
    ],
    [
      'keys over plain HTTP from elsewhere',
      { AUTH_JWKS_URL: 'http://issuer.test/keys' },
      'AUTH_JWKS_URL=http://issuer.test/keys: expected an http or https URL without credentials, query or fragment; http only on this machine',
    ],
    [
      'keys from no URL',
      { AUTH_JWKS_URL: 'issuer.test' },
      'AUTH_JWKS_URL=issuer.test: expected an http or https URL without credentials, query or fragment; http only on this machine',
    ],
    ...['none', 'HS256', 'RS256,HS512'].map(
      (algorithms): [string, Record<string, string>, string] => [
        `the algorithms ${algorithms}`,
        { AUTH_ALGORITHMS: algorithms },
        `AUTH_ALGORITHMS=${algorithms}: expected some of ${tokenAlgorithms.join(', ')}`,
      ],
    ),
  ])('are refused with %s', (_what, settings, fault) => {
    expect(issuesOf({ ...tokens, ...settings })).toContain(fault);
  });

  it('are not half configured', () => {
    expect(issuesOf({ AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a', AUTH_MAPPINGS_CLAIM: 'm' })).toEqual([
      'AUTH_JWKS_URL is not set: expected because AUTH_ISSUER is set',
      'AUTH_JWKS_URL is not set: expected because AUTH_AUDIENCE is set',
      'AUTH_JWKS_URL is not set: expected because AUTH_MAPPINGS_CLAIM is set',
    ]);
  });
});
