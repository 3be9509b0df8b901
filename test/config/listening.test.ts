import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../src/config.js';
import { isLoopback } from '../../src/server/admission/loopback.js';
import { setUpSettings, tokens } from './set-up-settings.js';

const { envFile, issuesOf, parse, write } = setUpSettings();

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
      parseConfig(settings, envFile(), (warning) => warnings.push(warning));
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
    expect(
      issuesOf({ ALLOW_ANONYMOUS: 'true', API_KEYS_FILE: write('keys.yaml', 'keys: []') }),
    ).toEqual(['ALLOW_ANONYMOUS=true and API_KEYS_FILE are both set: expected one of them']);
  });
});
