import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Config, ConfigError, parseConfig } from '../../src/config.js';
import { isLoopback } from '../../src/server/admission/loopback.js';
import { tokenAlgorithms } from '../../src/server/sign-in/access-tokens.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-sign-in-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const parse = (environment: Record<string, string>): Config =>
  parseConfig(environment, join(directory, '.env'), () => {});

function issuesOf(environment: Record<string, string>): readonly string[] {
  try {
    parse(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.issues.map((fault) => fault.replaceAll(directory, ''));
  }
}

function keysFile(text: string): string {
  const path = join(directory, 'keys.yaml');
  writeFileSync(path, text);
  return path;
}

const SHA256 = 'ab'.repeat(32);
const tokens = {
  AUTH_JWKS_URL: 'https://issuer.test/keys',
  AUTH_ISSUER: 'https://issuer.test/',
  AUTH_AUDIENCE: 'sluice',
};

describe('where Sluice listens without sign-in', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1'])(
    '%s is of this machine only',
    (host) => {
      expect(isLoopback(host)).toBe(true);
      expect(issuesOf({ HOST: host })).toEqual([]);
    },
  );

  it.each(['0.0.0.0', '::', '192.168.1.1', 'sluice.test', '::ffff:10.0.0.1', '128.0.0.1'])(
    '%s is refused, with words that say what to set',
    (host) => {
      expect(issuesOf({ HOST: host })).toEqual([
        `HOST=${host}: expected a loopback address such as 127.0.0.1, because no sign-in is configured. Say who may call with AUTH_JWKS_URL or API_KEYS_FILE; or set ALLOW_ANONYMOUS=true to let everybody who reaches this address start ingestions and read everything`,
      ]);
      expect(parse({ HOST: host, ALLOW_ANONYMOUS: 'true' }).signIn).toBeNull();
      expect(parse({ HOST: host, ...tokens }).signIn).not.toBeNull();
    },
  );

  it.each(['https://app.example.com', 'http://localhost:3000,http://10.0.0.1'])(
    'pages of other machines (%s) may not call, until that is allowed',
    (origins) => {
      const settings = { CORS_ORIGINS: origins };
      expect(issuesOf(settings)).toEqual([
        `CORS_ORIGINS=${origins}: expected sites of this machine only, such as http://localhost:5173, because no sign-in is configured. Say who may call with AUTH_JWKS_URL or API_KEYS_FILE; or set ALLOW_ANONYMOUS=true to let everybody who reaches this address start ingestions and read everything`,
      ]);
      expect(issuesOf({ ...settings, ALLOW_ANONYMOUS: 'true' })).toEqual([]);
      expect(issuesOf({ ...settings, ...tokens })).toEqual([]);
    },
  );

  it('pages of this machine may call', () => {
    const origins =
      'http://localhost:5173,https://app.localhost,http://127.0.0.1:3000,http://[::1]';
    expect(issuesOf({ CORS_ORIGINS: origins })).toEqual([]);
  });

  it('a proxy is only good for others once they are allowed, which is said', () => {
    const warningsOf = (settings: Record<string, string>) => {
      const warnings: string[] = [];
      parseConfig(settings, join(directory, '.env'), (warning) => warnings.push(warning));
      return warnings;
    };
    const settings = { TRUST_PROXY: 'loopback' };
    expect(warningsOf(settings)).toEqual([
      'TRUST_PROXY is set, but there is no sign-in, and ALLOW_ANONYMOUS=true is not set either: Sluice only serves this machine, and refuses requests that proxies forward for others.',
    ]);
    expect(warningsOf({ ...settings, ALLOW_ANONYMOUS: 'true' })).toEqual([]);
    expect(warningsOf({ ...settings, ...tokens })).toEqual([]);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['thisMachine', {}, false],
    ['everybody', { ALLOW_ANONYMOUS: 'true' }, true],
    ['callers', tokens, true],
  ])('%s is the audience, with the limits for it', (audience, settings, isLimited) => {
    const { exposure } = parse(settings);
    expect(exposure.audience).toBe(audience);
    expect(Number.isFinite(exposure.limits.maxRequestsPerMinute)).toBe(isLimited);
  });

  it('is not also anonymous', () => {
    expect(issuesOf({ ALLOW_ANONYMOUS: 'true', ...tokens })).toEqual([
      'ALLOW_ANONYMOUS=true and AUTH_JWKS_URL are both set: expected one of them',
    ]);
    expect(issuesOf({ ALLOW_ANONYMOUS: 'true', API_KEYS_FILE: keysFile('keys: []') })).toEqual([
      'ALLOW_ANONYMOUS=true and API_KEYS_FILE are both set: expected one of them',
    ]);
  });
});

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

describe('the console’s sign-in with an OpenID provider', () => {
  const console = {
    CONSOLE_OIDC_ISSUER: 'https://login.test/realm/',
    CONSOLE_OIDC_CLIENT_ID: 'sluice-console',
  };

  it('is offered where it is set', () => {
    expect(parse(tokens).openId).toBeNull();
    expect(parse({ ...tokens, ...console }).openId).toEqual({
      issuer: 'https://login.test/realm',
      clientId: 'sluice-console',
      scope: 'openid offline_access',
    });
    const scope = 'openid api://sluice/all';
    expect(parse({ ...tokens, ...console, CONSOLE_OIDC_SCOPE: scope }).openId?.scope).toBe(scope);
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'no client id',
      { CONSOLE_OIDC_CLIENT_ID: '' },
      'CONSOLE_OIDC_CLIENT_ID is not set: expected because CONSOLE_OIDC_ISSUER is set. Register the console with the provider as a public client, and set the id that it gets there',
    ],
    [
      'no keys to check its tokens with',
      { AUTH_JWKS_URL: '', AUTH_ISSUER: '', AUTH_AUDIENCE: '', API_KEYS_FILE: 'keys.yaml' },
      'AUTH_JWKS_URL is not set: expected because CONSOLE_OIDC_ISSUER is set. Sluice checks the provider’s tokens with AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE',
    ],
    [
      'no issuer',
      { CONSOLE_OIDC_ISSUER: '' },
      'CONSOLE_OIDC_ISSUER is not set: expected because CONSOLE_OIDC_CLIENT_ID is set',
    ],
    [
      'an issuer over plain HTTP from elsewhere',
      { CONSOLE_OIDC_ISSUER: 'http://login.test' },
      'CONSOLE_OIDC_ISSUER=http://login.test: expected an http or https URL without credentials, query or fragment; http only on this machine',
    ],
    [
      'a scope that is not of OpenID Connect',
      { CONSOLE_OIDC_SCOPE: 'profile' },
      'CONSOLE_OIDC_SCOPE=profile: expected scopes with spaces between them, openid among them',
    ],
  ])('is refused with %s', (_what, settings, fault) => {
    expect(issuesOf({ ...tokens, ...console, ...settings })).toContain(fault);
  });
});

describe('the file of API keys', () => {
  const entry = `
  - name: nightly
    sha256: ${SHA256}
    rights: [ingestion:start, ingestion:read]
    mappings: [crm, "web-*"]`;

  it('is read, as YAML and as JSON', () => {
    const yaml = `keys:${entry}\n    expiresAt: 2027-01-31T00:00:00Z\n`;
    const json = JSON.stringify({
      keys: [{ name: 'all', sha256: 'c'.repeat(64), rights: [], mappings: ['*'] }],
    });
    const path = keysFile(yaml);
    expect(parse({ API_KEYS_FILE: path }).signIn).toEqual({
      accessTokens: null,
      apiKeysFile: path,
      apiKeys: [
        {
          name: 'nightly',
          sha256: SHA256,
          rights: ['ingestion:read', 'ingestion:start'],
          mappings: { kind: 'mappings', mappingIds: ['crm'], mappingPrefixes: ['web-'] },
          expiresAt: Date.parse('2027-01-31'),
        },
      ],
    });
    expect(parse({ API_KEYS_FILE: keysFile(json) }).signIn?.apiKeys).toEqual([
      {
        name: 'all',
        sha256: 'c'.repeat(64),
        rights: [],
        mappings: { kind: 'all' },
        expiresAt: null,
      },
    ]);
  });

  it.each([
    ['', 'line 1: expected only "keys:" with a list'],
    ['[]', 'line 1: expected only "keys:" with a list'],
    ['keys: a', 'line 1: keys: expected a list of keys'],
    ['keys: *a', 'line 1: expected only "keys:" with a list'],
    ['a: [', 'line 1: this is not YAML (BAD_INDENT)'],
    [`keys:${entry}\nmore: 1`, 'line 1: expected only "keys:" with a list'],
    [`keys:${entry}\n    key: x`, 'line 2: keys.0: Unrecognized key: "key"'],
    [`keys:${entry}${entry}`, 'line 7: keys.1.sha256: this key already has an entry'],
    [
      `keys:${entry.replace('nightly', '" "')}`,
      'line 2: keys.0.name: expected the name of the caller',
    ],
    [
      `keys:${entry.replace('nightly', '"a\\nb"')}`,
      'line 2: keys.0.name: expected no control characters',
    ],
    [
      `keys:${entry.replace(SHA256, 'sluice_planted')}`,
      'line 3: keys.0.sha256: expected the SHA-256 of the key, 64 hex digits',
    ],
    [
      `keys:${entry.replace('ingestion:start', 'admin')}`,
      'line 4: keys.0.rights.0: expected one of ingestion:read, ingestion:start, ingestion:operate, mappings:manage, metrics:read',
    ],
    [
      `keys:${entry.replace(/ +mappings.*/, '')}`,
      'line 2: keys.0.mappings: expected a list of mappings; ["*"] for all',
    ],
    [
      `keys:${entry.replace('"web-*"', '"*-web"')}`,
      'line 5: keys.0.mappings.1: a * is only allowed at the end',
    ],
    [
      `keys:${entry.replace('crm', '""')}`,
      'line 5: keys.0.mappings.0: expected an id, or the beginning of ids and a *',
    ],
    [
      `keys:${entry}\n    expiresAt: soon`,
      'line 6: keys.0.expiresAt: expected an instant such as 2027-01-31T00:00:00Z',
    ],
  ])('is refused with its line and the reason, %#', (text, fault) => {
    const faults = issuesOf({ API_KEYS_FILE: keysFile(text) });
    expect(faults).toContain(`API_KEYS_FILE=/keys.yaml, ${fault}`);
    expect(faults.join()).not.toContain('planted');
  });

  it('must be there', () => {
    expect(issuesOf({ API_KEYS_FILE: join(directory, 'none.yaml') })).toEqual([
      'API_KEYS_FILE=/none.yaml: expected a file that can be read (ENOENT)',
    ]);
  });
});
