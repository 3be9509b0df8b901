import { describe, expect, it } from '@jest/globals';
import { type Config, ConfigError, parseConfig } from '../../src/config.js';
import { defaultLimits } from '../../src/server/limits/limits.js';
import { privateExposure } from '../support/exposure.js';

const warnings: string[] = [];
const parse = (environment: Record<string, string>): Config['exposure'] =>
  parseConfig(environment, '/nowhere/.env', (warning) => warnings.push(warning)).exposure;

function issuesOf(environment: Record<string, string>): readonly string[] {
  try {
    parse(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
  throw new Error('It was taken.');
}

describe('what strangers may do', () => {
  it.each(['127.0.0.1', '127.8.8.8', 'localhost', '::1'])(
    'has no limits for each caller where only this machine can call (%s)',
    (host) => {
      expect(parse({ HOST: host })).toEqual(privateExposure);
    },
  );

  it.each(['0.0.0.0', '::', '192.0.2.1', '127.example.com'])(
    'has all limits where others can call (%s)',
    (host) => {
      expect(parse({ HOST: host, ALLOW_ANONYMOUS: 'true' }).limits).toEqual(defaultLimits);
    },
  );

  it('can all be set', () => {
    const limits = {
      LIMIT_CHARACTERS: '1',
      LIMIT_TOKENS: '2',
      LIMIT_DEPTH: '3',
      LIMIT_ALIASES: '4',
      LIMIT_ROOT_FIELDS: '5',
      LIMIT_DIRECTIVES: '6',
      LIMIT_COST: '7',
      LIMIT_OPERATION_MS: '8',
      LIMIT_BODY_BYTES: '9',
      LIMIT_OPERATIONS_PER_SOCKET: '10',
      LIMIT_SOCKETS: '11',
      LIMIT_SOCKETS_PER_CALLER: '12',
      LIMIT_REQUESTS_PER_MINUTE: '13',
      LIMIT_STARTS_PER_MINUTE: '14',
      LIMIT_FAILED_SIGN_INS_PER_MINUTE: '15',
      LIMIT_OPERATIONS_PER_CALLER: '16',
      LIMIT_OPERATIONS: '17',
      LIMIT_SUBSCRIPTION_COST_PER_CALLER: '18',
    };
    const exposure = parse({
      ...limits,
      ALLOW_ANONYMOUS: 'true',
      INTROSPECTION: 'off',
      CONSOLE: 'off',
      EXPLORER: 'off',
      CORS_ORIGINS: 'https://a.example, http://b.example:8080',
      TRUST_PROXY: 'loopback, 10.0.0.0/8,2001:db8::1',
      PERSISTED_OPERATIONS: 'operations.json',
    });
    expect(exposure).toEqual({
      audience: 'everybody',
      limits: {
        document: {
          maxCharacters: 1,
          maxTokens: 2,
          maxDepth: 3,
          maxAliases: 4,
          maxRootFields: 5,
          maxDirectives: 6,
          maxCost: 7,
        },
        operationTimeoutMs: 8,
        maxBodyBytes: 9,
        maxOperationsPerSocket: 10,
        maxSockets: 11,
        maxSocketsPerCaller: 12,
        maxRequestsPerMinute: 13,
        maxStartsPerMinute: 14,
        maxFailedSignInsPerMinute: 15,
        maxOperationsPerCaller: 16,
        maxOperations: 17,
        maxSubscriptionCostPerCaller: 18,
      },
      isSchemaOpen: false,
      hasConsole: false,
      hasExplorer: false,
      corsOrigins: ['https://a.example', 'http://b.example:8080'],
      trustedProxies: ['loopback', '10.0.0.0/8', '2001:db8::1'],
      persistedOperationsFile: 'operations.json',
    });
  });

  const cases = [
    ['LIMIT_DEPTH', '0', 'levels, 1 to 100'],
    ['LIMIT_DEPTH', '101', 'levels, 1 to 100'],
    ['LIMIT_TOKENS', '2001', 'tokens, 1 to 2000'],
    ['LIMIT_COST', '1e3', 'points, 1 to 1000000'],
    ['LIMIT_SOCKETS_PER_CALLER', '-1', 'sockets, 1 to 1000000'],
    ['INTROSPECTION', 'true', 'on or off'],
    ['EXPLORER', '1', 'on or off'],
    ['CORS_ORIGINS', '*', 'comma-separated origins such as https://app.example.com'],
    ['CORS_ORIGINS', 'https://a/', 'comma-separated origins such as https://app.example.com'],
    ['CORS_ORIGINS', 'a.example', 'comma-separated origins such as https://app.example.com'],
    [
      'TRUST_PROXY',
      'true',
      'comma-separated IP addresses and ranges such as 10.0.0.0/8, or loopback',
    ],
    [
      'TRUST_PROXY',
      '10.0.0.0/99',
      'comma-separated IP addresses and ranges such as 10.0.0.0/8, or loopback',
    ],
  ] as const;

  it.each(cases)('is not %s=%s', (name, value, allowed) => {
    expect(issuesOf({ [name]: value })).toEqual([`${name}=${value}: expected ${allowed}`]);
  });

  it('warns of a limit that there is not', () => {
    warnings.length = 0;
    parse({ LIMIT_DEPHT: '5' });
    expect(warnings).toEqual([
      'LIMIT_DEPHT is not a setting of Sluice and was ignored. See docs/settings.md.',
    ]);
  });
});
