import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseCampaignConfig } from '../src/campaign/campaign-config.js';
import { type Config, ConfigError, parseConfig } from '../src/config.js';
import { parsePlatformConfig } from '../src/platform/platform-config.js';
import { privateExposure } from './support/exposure.js';

let directory: string;
let warnings: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-config-'));
  warnings = [];
});

afterEach(() => rmSync(directory, { recursive: true }));

const envFile = () => join(directory, '.env');
const parse = (environment: Record<string, string>): Config =>
  parseConfig(environment, envFile(), (warning) => warnings.push(warning));

/** The lines of the list of faults. */
function issuesOf(environment: Record<string, string>): readonly string[] {
  try {
    parse(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message.split('\n')).toEqual([
      'These settings must be corrected:',
      ...error.issues.map((fault) => `  ${fault}`),
    ]);
    return error.issues;
  }
  throw new Error('It was taken.');
}

/** All that an upstream elsewhere needs. */
const remote = {
  CAMPAIGN_URL: 'https://mc.adobe.io',
  CAMPAIGN_ORGANIZATION: 'acme',
  CAMPAIGN_API_KEY: 'planted-key',
  CAMPAIGN_ACCESS_TOKEN: 'planted-token',
};
const credentials = {
  ...remote,
  CAMPAIGN_ACCESS_TOKEN: '',
  IMS_CLIENT_ID: 'client',
  IMS_CLIENT_SECRET: 'planted-secret',
};

describe('the settings', () => {
  it('all have a default', () => {
    expect(parse({})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      signIn: null,
      upstream: {
        kind: 'embedded',
        mappingsDir: expect.stringMatching(/\/mappings$/),
        faultsFile: null,
        environment: {},
      },
      platform: null,
      proxies: { http: null, https: null, exempt: [] },
      timeoutMs: 10_000,
      maxWaitMs: 300_000,
      maxRps: 20,
      statusRequestIdIn: 'query',
      pollMinMs: 1_000,
      pollMaxMs: 30_000,
      database: { kind: 'sqlite', dataDir: '.sluice' },
      dataDir: '.sluice',
      retentionDays: 90,
      drainDelayMs: null,
      openId: null,
      isSubgraph: false,
      exposure: privateExposure,
      logLevel: 'info',
      logForm: { format: 'json', hasColors: false },
    });
    expect(warnings).toEqual([]);
  });

  it('all can be set', () => {
    const config = parse({
      ...remote,
      HOST: '::1',
      PORT: '0',
      CAMPAIGN_ADMIN_CLIENT_ID: 'admin',
      CAMPAIGN_ADMIN_CLIENT_SECRET: 'planted-admin',
      CAMPAIGN_TIMEOUT_MS: '1',
      CAMPAIGN_MAX_RPS: '10000',
      CAMPAIGN_MAX_WAIT_MS: '86400000',
      HTTP_PROXY: 'http://not-this-one',
      http_proxy: 'proxy:3128',
      HTTPS_PROXY: 'https://u:planted%25@proxy:8443',
      NO_PROXY: 'localhost, .intern,10.0.0.0/8',
      CAMPAIGN_STATUS_REQUEST_ID_IN: 'body',
      POLL_MIN_MS: '10',
      POLL_MAX_MS: '86400000',
      DATABASE_URL: 'postgresql://sluice:secret@db.example/log?sslmode=verify-full',
      DATABASE_POOL_MAX: '1000',
      DATA_DIR: '/data',
      RETENTION_DAYS: '1',
      DRAIN_DELAY_MS: '0',
      FEDERATION: 'true',
      LOG_LEVEL: 'silent',
      LOG_FORMAT: 'pretty',
    });
    expect(config).toEqual({
      host: '::1',
      port: 0,
      signIn: null,
      openId: null,
      platform: null,
      upstream: {
        kind: 'remote',
        identity: 'acme at https://mc.adobe.io',
        url: new URL('https://mc.adobe.io/'),
        organization: 'acme',
        apiKey: 'planted-key',
        token: { kind: 'ready', accessToken: 'planted-token' },
        administration: {
          kind: 'clientCredentials',
          imsUrl: 'https://ims-na1.adobelogin.com',
          clientId: 'admin',
          clientSecret: 'planted-admin',
          scopes: ['openid'],
        },
      },
      proxies: {
        http: { url: 'http://proxy:3128/', variable: 'http_proxy' },
        https: { url: 'https://u:planted%25@proxy:8443/', variable: 'HTTPS_PROXY' },
        exempt: ['localhost', '.intern', '10.0.0.0/8'],
      },
      timeoutMs: 1,
      maxWaitMs: 86_400_000,
      maxRps: 10_000,
      statusRequestIdIn: 'body',
      pollMinMs: 10,
      pollMaxMs: 86_400_000,
      database: {
        kind: 'postgres',
        url: 'postgresql://sluice:secret@db.example/log?sslmode=verify-full',
        maxConnections: 1_000,
      },
      dataDir: '/data',
      retentionDays: 1,
      drainDelayMs: 0,
      isSubgraph: true,
      exposure: privateExposure,
      logForm: { format: 'pretty', hasColors: false },
      logLevel: 'silent',
    });
  });

  it('take client credentials in place of a token', () => {
    const { upstream } = parse(credentials);
    expect(upstream).toMatchObject({
      token: {
        kind: 'clientCredentials',
        imsUrl: 'https://ims-na1.adobelogin.com',
        clientId: 'client',
        clientSecret: 'planted-secret',
        scopes: [
          'openid',
          'AdobeID',
          'read_organizations',
          'additional_info.projectedProductContext',
        ],
      },
    });
    const other = parse({ ...credentials, IMS_URL: 'http://localhost:1//', IMS_SCOPES: 'a, b' });
    expect(other.upstream).toMatchObject({
      token: { imsUrl: 'http://localhost:1', scopes: ['a', 'b'] },
    });
  });

  it('that are empty are not set', () => {
    expect(parse({ PORT: '', LOG_LEVEL: '', CAMPAIGN_URL: '', CAMPAIGN_API_KEY_FILE: '' })).toEqual(
      parse({}),
    );
  });

  it('cannot be changed afterwards', () => {
    const config = parse(credentials);
    const { upstream } = config;
    if (upstream.kind !== 'remote' || upstream.token.kind !== 'clientCredentials') {
      throw new Error('It has another upstream.');
    }
    for (const part of [config, upstream, upstream.token, upstream.token.scopes]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  });
});

describe('a fault', () => {
  const milliseconds = 'expected milliseconds, 10 to 86400000';
  const url = 'expected an http or https URL without credentials, query or fragment';
  const ascii = 'expected visible ASCII characters without blanks';
  const cases: [string, string, string][] = [
    ['PORT', '65536', 'PORT=65536: expected a whole number, 0 to 65535'],
    ['PORT', '-1', 'PORT=-1: expected a whole number, 0 to 65535'],
    ['PORT', '1e3', 'PORT=1e3: expected a whole number, 0 to 65535'],
    ['PORT', ' ', 'PORT= : expected a whole number, 0 to 65535'],
    ['PORT', '9'.repeat(400), `PORT=${'9'.repeat(400)}: expected a whole number, 0 to 65535`],
    ['CAMPAIGN_TIMEOUT_MS', '0', 'CAMPAIGN_TIMEOUT_MS=0: expected milliseconds, 1 to 600000'],
    [
      'CAMPAIGN_TIMEOUT_MS',
      '600001',
      'CAMPAIGN_TIMEOUT_MS=600001: expected milliseconds, 1 to 600000',
    ],
    ['CAMPAIGN_MAX_RPS', '0', 'CAMPAIGN_MAX_RPS=0: expected calls a second, 1 to 10000'],
    ['CAMPAIGN_MAX_RPS', '0.5', 'CAMPAIGN_MAX_RPS=0.5: expected calls a second, 1 to 10000'],
    [
      'CAMPAIGN_STATUS_REQUEST_ID_IN',
      'header',
      'CAMPAIGN_STATUS_REQUEST_ID_IN=header: expected query or body',
    ],
    ['POLL_MIN_MS', '9', `POLL_MIN_MS=9: ${milliseconds}`],
    ['POLL_MAX_MS', '86400001', `POLL_MAX_MS=86400001: ${milliseconds}`],
    ['POLL_MIN_MS', '30001', 'POLL_MIN_MS=30001: expected at most POLL_MAX_MS, which is 30000'],
    ['POLL_MAX_MS', '999', 'POLL_MIN_MS=1000: expected at most POLL_MAX_MS, which is 999'],
    [
      'DATABASE_URL',
      'mysql://sluice:secret@db.example/log',
      'DATABASE_URL=***: expected a URL such as postgres://user:password@host:5432/database',
    ],
    ['DATABASE_POOL_MAX', '1', 'DATABASE_POOL_MAX=1: expected connections, 2 to 1000'],
    ['DRAIN_DELAY_MS', '5s', 'DRAIN_DELAY_MS=5s: expected milliseconds, 0 to 600000'],
    ['RETENTION_DAYS', '0', 'RETENTION_DAYS=0: expected days, 1 to 36500'],
    ['LOG_LEVEL', 'verbose', 'LOG_LEVEL=verbose: expected trace, debug, info, warn, error, silent'],
    ['CAMPAIGN_URL', 'mc.adobe.io', `CAMPAIGN_URL=mc.adobe.io: ${url}`],
    ['CAMPAIGN_URL', 'ftp://mc.adobe.io', `CAMPAIGN_URL=ftp://mc.adobe.io: ${url}`],
    ['CAMPAIGN_URL', 'https://me:secret@host', `CAMPAIGN_URL=https://***@host: ${url}`],
    ['CAMPAIGN_URL', 'https://me:s/e@c@host/x', `CAMPAIGN_URL=https://***@host/x: ${url}`],
    ['CAMPAIGN_URL', 'me:secret@host', `CAMPAIGN_URL=***@host: ${url}`],
    ['CAMPAIGN_URL', 'https://host/?a=b', `CAMPAIGN_URL=https://host/?***: ${url}`],
    ['CAMPAIGN_URL', 'https://host/#a', `CAMPAIGN_URL=https://host/#***: ${url}`],
    ['IMS_URL', 'https://:secret@host', `IMS_URL=https://***@host: ${url}`],
    ['CAMPAIGN_ORGANIZATION', '..', 'CAMPAIGN_ORGANIZATION=..: expected a name such as acme'],
    [
      'CAMPAIGN_ORGANIZATION',
      '',
      'CAMPAIGN_ORGANIZATION is not set: expected because CAMPAIGN_URL is set',
    ],
    ['CAMPAIGN_API_KEY', 'planted key', `CAMPAIGN_API_KEY=***: ${ascii}`],
    ['CAMPAIGN_API_KEY', '', 'CAMPAIGN_API_KEY is not set: expected because CAMPAIGN_URL is set'],
    ['CAMPAIGN_ACCESS_TOKEN', 'planted\ntoken', `CAMPAIGN_ACCESS_TOKEN=***: ${ascii}`],
    [
      'CAMPAIGN_ACCESS_TOKEN',
      '',
      'CAMPAIGN_ACCESS_TOKEN is not set: expected because CAMPAIGN_URL is set (or IMS_CLIENT_ID and IMS_CLIENT_SECRET instead)',
    ],
    [
      'IMS_CLIENT_ID',
      'client',
      'CAMPAIGN_ACCESS_TOKEN and IMS_CLIENT_ID or IMS_CLIENT_SECRET are both set: expected one way to get a token',
    ],
  ];

  it.each(cases)('in %s=%s', (name, value, fault) => {
    expect(issuesOf({ ...remote, [name]: value })).toEqual([fault]);
  });

  it.each([
    ['IMS_CLIENT_ID', 'IMS_CLIENT_ID is not set: expected because IMS_CLIENT_SECRET is set'],
    ['IMS_CLIENT_SECRET', 'IMS_CLIENT_SECRET is not set: expected because IMS_CLIENT_ID is set'],
  ])('of credentials without %s', (name, fault) => {
    expect(issuesOf({ ...credentials, [name]: '' })).toEqual([fault]);
  });

  const quotes = ', without quotes, which would be part of the value';
  it.each([
    ['PORT', '"4000"', `PORT="4000": expected a whole number, 0 to 65535${quotes}`],
    ['CAMPAIGN_URL', '"https://h"', `CAMPAIGN_URL="https://h": ${url}${quotes}`],
    [
      'CAMPAIGN_ORGANIZATION',
      "'a'",
      `CAMPAIGN_ORGANIZATION='a': expected a name such as acme${quotes}`,
    ],
    ['CAMPAIGN_API_KEY', '"planted"', `CAMPAIGN_API_KEY=***: ${ascii}${quotes}`],
    ['CAMPAIGN_ACCESS_TOKEN', " 'planted' ", `CAMPAIGN_ACCESS_TOKEN=***: ${ascii}${quotes}`],
    ['DATA_DIR', '""', `DATA_DIR="": expected a directory${quotes}`],
    ['AUTH_NAME_CLAIM', '"sub"', `AUTH_NAME_CLAIM="sub": expected the name of a claim${quotes}`],
    ['NO_PROXY', '"a,b"', `NO_PROXY="a,b": expected comma-separated names${quotes}`],
    [
      'HTTPS_PROXY',
      '"http://proxy"',
      `HTTPS_PROXY=***: expected the http or https URL of a proxy, such as http://user:password@proxy:3128${quotes}`,
    ],
  ])('in the quotes that docker --env-file leaves in %s=%s', (name, value, fault) => {
    expect(issuesOf({ ...remote, [name]: value })).toEqual([fault]);
  });

  it.each(['"planted', "planted'", '"planted\'', 'pl"ant"ed', '"'])(
    'are no quotes that are part of a secret: %s',
    (CAMPAIGN_API_KEY) => {
      expect(parse({ ...remote, CAMPAIGN_API_KEY }).upstream).toMatchObject({
        apiKey: CAMPAIGN_API_KEY,
      });
    },
  );

  it('are the quotes in the file of a secret', () => {
    const path = join(directory, 'secret');
    writeFileSync(path, '"planted"\n');
    const given = { ...remote, CAMPAIGN_API_KEY: '', CAMPAIGN_API_KEY_FILE: path };
    expect(issuesOf(given)).toEqual([`CAMPAIGN_API_KEY=***: ${ascii}${quotes}`]);
  });

  it('is told with all others, and none of them tells a secret', () => {
    const faults = issuesOf({
      PORT: 'x',
      LOG_LEVEL: 'loud',
      POLL_MIN_MS: '-',
      CAMPAIGN_URL: 'https://me:planted-password@host',
      CAMPAIGN_API_KEY: 'planted key',
      CAMPAIGN_ACCESS_TOKEN: 'planted token',
      IMS_CLIENT_SECRET: 'planted-secret',
    });
    expect(faults.map((fault) => fault.split(/[= ]/, 1)[0])).toEqual([
      'PORT',
      'CAMPAIGN_URL',
      'CAMPAIGN_API_KEY',
      'CAMPAIGN_ACCESS_TOKEN',
      'POLL_MIN_MS',
      'LOG_LEVEL',
      'CAMPAIGN_ORGANIZATION',
      'CAMPAIGN_ACCESS_TOKEN',
    ]);
    expect(faults.join()).not.toContain('planted');
  });
});

describe('a secret', () => {
  const secretFile = (content: string) => {
    const path = join(directory, 'secret');
    writeFileSync(path, content);
    return path;
  };
  const all = [
    ['CAMPAIGN_API_KEY', remote],
    ['CAMPAIGN_ACCESS_TOKEN', remote],
    ['IMS_CLIENT_SECRET', credentials],
  ] as const;

  it.each(all)('%s may be in a file', (name, environment) => {
    for (const content of ['from-file', 'from-file\n', 'from-file\r\n']) {
      const given = { ...environment, [name]: '', [`${name}_FILE`]: secretFile(content) };
      expect(parse(given)).toEqual(parse({ ...environment, [name]: 'from-file' }));
    }
    expect(warnings).toEqual([]);
  });

  it.each(all)('%s is not taken from two places', (name, environment) => {
    const faults = issuesOf({ ...environment, [`${name}_FILE`]: secretFile('other') });
    expect(faults).toEqual([`${name} and ${name}_FILE are both set: expected one of them`]);
  });

  it.each(all)('%s whose file cannot be read is one fault', (name, environment) => {
    const missing = join(directory, 'missing');
    const given = (path: string) => ({ ...environment, [name]: '', [`${name}_FILE`]: path });
    expect(issuesOf(given(missing))).toEqual([
      `${name}_FILE=${missing}: expected a file that can be read (ENOENT)`,
    ]);
    expect(issuesOf(given(directory))).toEqual([
      `${name}_FILE=${directory}: expected a file that can be read (EISDIR)`,
    ]);
  });

  it.each(all)('%s whose file is empty is one fault', (name, environment) => {
    for (const content of ['', '\n']) {
      const path = secretFile(content);
      const given = { ...environment, [name]: '', [`${name}_FILE`]: path };
      expect(issuesOf(given)).toEqual([`${name}_FILE=${path}: expected a file that is not empty`]);
    }
  });
});

describe('a warning', () => {
  it('is given of each variable with a prefix of ours that means nothing, never with its value', () => {
    parse({
      CAMPAIGN_ACESS_TOKEN: 'planted',
      IMS_SECRET: 'planted',
      POLL_MS: '5',
      SLUICE_PORT: '5',
      IMS_CLIENT_ID_FILE: '/x',
    });
    expect(warnings).toEqual(
      ['CAMPAIGN_ACESS_TOKEN', 'IMS_SECRET', 'POLL_MS', 'SLUICE_PORT', 'IMS_CLIENT_ID_FILE'].map(
        (name) => `${name} is not a setting of Sluice and was ignored. See docs/settings.md.`,
      ),
    );
  });

  it('is not given of variables of others, nor of those of the Campaign service', () => {
    parse({ PATH: '/bin', CAMPAIGN_SERVICE_PORT: '1', CAMPAIGN_SERVICE_ANYTHING: 'x', ims: 'x' });
    expect(warnings).toEqual([]);
  });

  it('is given where a key is set but nothing to use it with', () => {
    expect(parse({ CAMPAIGN_API_KEY: 'planted-key' }).upstream.kind).toBe('embedded');
    expect(warnings).toEqual([
      'CAMPAIGN_API_KEY is set but CAMPAIGN_URL is not: the embedded Campaign service is used.',
    ]);
  });

  it('is given where there are credentials for a Platform that nothing is uploaded to', () => {
    expect(parse({ PLATFORM_API_KEY: 'planted-key', PLATFORM_SANDBOX: 'dev' }).platform).toBeNull();
    expect(warnings).toEqual([
      'PLATFORM_API_KEY is set but PLATFORM_URL is not: the embedded Campaign service uploads to the local receiver.',
    ]);
  });
});

describe('bytes', () => {
  const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();
  const forms: [string, (text: string) => Buffer][] = [
    ['a byte order mark', (text) => Buffer.from(`\ufeff${text}`)],
    ['the line ends of Windows', (text) => Buffer.from(text.replaceAll('\n', '\r\n'))],
    ['UTF-16', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 the other way round', (text) => bigEndian(`\ufeff${text}`)],
    ['all of that', (text) => bigEndian(`\ufeff${text.replaceAll('\n', '\r\n')}`)],
  ];
  it.each(forms)('a .env file with %s is read from its first line on', (_, toBytes) => {
    writeFileSync(envFile(), toBytes('export PORT=1234\nDATA_DIR="/däta"\nLOG_LEVEL=debug\n'));
    expect(parse({})).toMatchObject({ port: 1234, dataDir: '/däta', logLevel: 'debug' });
  });

  it.each(forms)('a secret in a file with %s is that secret', (_, toBytes) => {
    const path = join(directory, 'secret');
    writeFileSync(path, toBytes(' planted-secret \n\n'));
    const given = { ...credentials, IMS_CLIENT_SECRET: '', IMS_CLIENT_SECRET_FILE: path };
    expect(parse(given)).toEqual(parse(credentials));
  });

  it.each(forms)('a file of API keys with %s is read', (_, toBytes) => {
    const path = join(directory, 'keys.yaml');
    const entry = `{ name: né, sha256: ${'a'.repeat(64)}, rights: [], mappings: ['*'] }`;
    writeFileSync(path, toBytes(`keys:\n  - ${entry}\n`));
    expect(parse({ API_KEYS_FILE: path }).signIn?.apiKeys).toMatchObject([{ name: 'né' }]);
  });

  const noText: [string, Buffer][] = [
    ['another encoding', Buffer.from('PORT=1\nDATA_DIR=dür\n', 'latin1')],
    ['UTF-16 without a mark', Buffer.from('PORT=1\n', 'utf16le')],
    ['half a character of UTF-16', Buffer.from([0xff, 0xfe, 0x41])],
    ['a NUL', Buffer.from('PORT=1\0\n')],
  ];
  it.each(noText)('a file in %s is refused in a line', (_, bytes) => {
    writeFileSync(envFile(), bytes);
    const given = { ...credentials, IMS_CLIENT_SECRET: '', IMS_CLIENT_SECRET_FILE: envFile() };
    expect(issuesOf({ ...given, API_KEYS_FILE: envFile() })).toEqual([
      `${envFile()}: expected text in UTF-8`,
      `IMS_CLIENT_SECRET_FILE=${envFile()}: expected text in UTF-8`,
      `API_KEYS_FILE=${envFile()}: expected text in UTF-8`,
    ]);
  });

  it('blanks and line ends around a value are no part of it', () => {
    const pasted = Object.entries({ ...credentials, PORT: '1234' }).map(([name, value]) => [
      name,
      value && ` ${value}\r\n`,
    ]);
    expect(parse(Object.fromEntries(pasted))).toEqual(parse({ ...credentials, PORT: '1234' }));
  });

  it('commas too many in a list are none of its items', () => {
    const given = {
      AUTH_JWKS_URL: 'https://issuer',
      AUTH_ISSUER: 'issuer',
      AUTH_AUDIENCE: ' a,,b, ',
      CORS_ORIGINS: 'https://app.example.com,',
    };
    expect(parse(given)).toMatchObject({
      signIn: { accessTokens: { audiences: ['a', 'b'] } },
      exposure: { corsOrigins: ['https://app.example.com'] },
    });
    expect(issuesOf({ ...given, AUTH_AUDIENCE: ' , ' })).toContain(
      'AUTH_AUDIENCE=,: expected comma-separated texts',
    );
  });

  it.each([
    ['two lines', 'planted-secret\n# of June'],
    ['what Node.js puts for bytes that are not UTF-8', 'planted-\ufffd'],
    ['a NUL', 'planted\0secret'],
  ])('a value with %s is refused', (_, value) => {
    expect(issuesOf({ ...credentials, IMS_CLIENT_SECRET: value })).toEqual([
      'IMS_CLIENT_SECRET=***: expected a text, in UTF-8 and on one line',
    ]);
    expect(issuesOf({ DATA_DIR: `/data${value.slice(7)}` })).toEqual([
      expect.stringMatching(/^DATA_DIR=\/data[a-z-]*…: expected a directory, in UTF-8/),
    ]);
  });
});

describe('the path of a file or a folder', () => {
  const whole = 'a whole path:';
  it.each([
    ['~', `${whole} ~ is not expanded here`],
    ['~/x', `${whole} ~ is not expanded here`],
    ['~me/x', `${whole} ~ is not expanded here`],
    ['$HOME/x', `${whole} variables are not expanded here`],
    ['/x/$(pwd)', `${whole} variables are not expanded here`],
    ['file:x', 'a path, and not a URL'],
    ['FILE:///x', 'a path, and not a URL'],
    ['s3://x', 'a path, and not a URL'],
  ])('is not %s', (path, expected) => {
    const names = [
      'CAMPAIGN_SERVICE_MAPPINGS_DIR',
      'CAMPAIGN_SERVICE_FAULTS',
      'DATA_DIR',
      'PERSISTED_OPERATIONS',
      'API_KEYS_FILE',
      'DATABASE_URL_FILE',
    ];
    const faults = issuesOf(Object.fromEntries(names.map((name) => [name, path])));
    expect(faults.filter((fault) => !fault.includes('cannot be read')).sort()).toEqual(
      names.map((name) => `${name}=${path}: expected ${expected}`).sort(),
    );
    const started = { CAMPAIGN_SERVICE_CLIENTS_FILE: path, CAMPAIGN_SERVICE_API_KEYS_FILE: path };
    expect(() => parseCampaignConfig({ ...started, DATA_DIR: path })).toThrow(
      ['DATA_DIR', 'CAMPAIGN_SERVICE_API_KEYS_FILE', 'CAMPAIGN_SERVICE_CLIENTS_FILE']
        .map((name) => `  ${name}: expected ${expected}`)
        .join('\n'),
    );
    const received = { DATA_DIR: path, PLATFORM_RECEIVER_DATASETS_DIR: path };
    expect(() => parsePlatformConfig(received)).toThrow(
      ['PLATFORM_RECEIVER_DATASETS_DIR', 'DATA_DIR']
        .map((name) => `  ${name}: expected ${expected}`)
        .join('\n'),
    );
  });

  it.each(['x~', './~', 'C:\\x', '/a b/ü', 'x$', 'x:y'])('may be %s', (path) => {
    expect(parse({ DATA_DIR: path }).dataDir).toBe(path);
  });
});

describe('a .env file', () => {
  it('is read, and the environment wins', () => {
    writeFileSync(envFile(), '# ours\nPORT=1234\nHOST="127.0.0.2"\nLOG_LEVEL=debug # loud\n');
    expect(parse({ PORT: '99' })).toMatchObject({ port: 99, host: '127.0.0.2', logLevel: 'debug' });
  });

  it('is held to the same rules', () => {
    writeFileSync(envFile(), 'PORT=x\nPOLL_MS=1\n');
    expect(issuesOf({})).toEqual(['PORT=x: expected a whole number, 0 to 65535']);
    expect(warnings).toHaveLength(1);
  });

  it('is what mappings of the embedded service may name variables of, too', () => {
    writeFileSync(envFile(), 'CRM_DATABASE_URL=postgres://crm\n');
    expect(parse({ OTHER_URL: 'postgres://other' }).upstream).toMatchObject({
      environment: { CRM_DATABASE_URL: 'postgres://crm', OTHER_URL: 'postgres://other' },
    });
  });

  it('that cannot be read is a fault, told with all others', () => {
    mkdirSync(envFile());
    expect(issuesOf({ PORT: 'x' })).toEqual([
      `${envFile()}: expected a file that can be read (EISDIR)`,
      'PORT=x: expected a whole number, 0 to 65535',
    ]);
  });
});

describe('the settings of Platform', () => {
  const platform = {
    ...remote,
    PLATFORM_API_KEY: 'planted-key',
    PLATFORM_IMS_ORG: 'sluice@AdobeOrg',
    PLATFORM_CLIENT_ID: 'client',
    PLATFORM_CLIENT_SECRET: 'planted-secret',
  };

  it('are off without credentials', () => {
    expect(parse({ ...remote, PLATFORM_URL: 'https://platform.adobe.io' }).platform).toBeNull();
    expect(warnings).toEqual([]);
  });

  it('have a default but for credentials and organization', () => {
    expect(parse(platform).platform).toMatchObject({
      url: new URL('https://platform.adobe.io'),
      apiKey: 'planted-key',
      imsOrg: 'sluice@AdobeOrg',
      sandbox: 'prod',
      token: {
        kind: 'clientCredentials',
        imsUrl: 'https://ims-na1.adobelogin.com',
        clientId: 'client',
        clientSecret: 'planted-secret',
      },
    });
  });

  const because = 'expected because PLATFORM_API_KEY is set';
  it.each([
    ['PLATFORM_IMS_ORG', '', `PLATFORM_IMS_ORG is not set: ${because}`],
    ['PLATFORM_CLIENT_ID', '', `PLATFORM_CLIENT_ID is not set: ${because}`],
    ['PLATFORM_CLIENT_SECRET', '', `PLATFORM_CLIENT_SECRET is not set: ${because}`],
    [
      'PLATFORM_API_KEY',
      'planted key',
      'PLATFORM_API_KEY=***: expected visible ASCII characters without blanks',
    ],
    [
      'PLATFORM_ACCESS_TOKEN',
      'token',
      'PLATFORM_ACCESS_TOKEN and PLATFORM_CLIENT_ID or PLATFORM_CLIENT_SECRET are both set: expected one way to get a token',
    ],
    [
      'PLATFORM_URL',
      'platform',
      'PLATFORM_URL=platform: expected an http or https URL without credentials, query or fragment',
    ],
  ])('are refused with %s=%s', (name, value, fault) => {
    expect(issuesOf({ ...platform, [name]: value })).toEqual([fault]);
  });
});

describe('the settings of the Platform that the embedded service uploads to', () => {
  const platform = {
    CAMPAIGN_SERVICE_MAPPINGS_DIR: '/mappings',
    PLATFORM_URL: 'https://platform.example',
    PLATFORM_API_KEY: 'planted-key',
    PLATFORM_IMS_ORG: 'acme@AdobeOrg',
    PLATFORM_ACCESS_TOKEN: 'planted-token',
  };

  it('are those that batches are looked up with', () => {
    expect(parse(platform)).toMatchObject({
      upstream: { kind: 'embedded', mappingsDir: '/mappings' },
      platform: {
        url: new URL('https://platform.example'),
        apiKey: 'planted-key',
        imsOrg: 'acme@AdobeOrg',
        sandbox: 'prod',
        token: { kind: 'ready', accessToken: 'planted-token' },
      },
    });
    expect(warnings).toEqual([]);
  });

  it('may come from files', () => {
    const keyFile = join(directory, 'key');
    writeFileSync(keyFile, 'planted-key\n');
    const { PLATFORM_API_KEY: _, ...others } = platform;
    expect(parse({ ...others, PLATFORM_API_KEY_FILE: keyFile }).platform?.apiKey).toBe(
      'planted-key',
    );
  });

  const because = 'expected because PLATFORM_URL is set';
  it.each([
    [
      'CAMPAIGN_SERVICE_MAPPINGS_DIR',
      '',
      [
        `CAMPAIGN_SERVICE_MAPPINGS_DIR is not set: ${because}, and the sample mappings are for the local receiver`,
      ],
    ],
    ['PLATFORM_API_KEY', '', [`PLATFORM_API_KEY is not set: ${because}`]],
    ['PLATFORM_IMS_ORG', '', [`PLATFORM_IMS_ORG is not set: ${because}`]],
    [
      'PLATFORM_ACCESS_TOKEN',
      '',
      ['PLATFORM_CLIENT_ID', 'PLATFORM_CLIENT_SECRET'].map(
        (name) => `${name} is not set: ${because} (or PLATFORM_ACCESS_TOKEN instead)`,
      ),
    ],
    [
      'PLATFORM_CLIENT_ID',
      'client',
      [
        'PLATFORM_ACCESS_TOKEN and PLATFORM_CLIENT_ID or PLATFORM_CLIENT_SECRET are both set: expected one way to get a token',
      ],
    ],
    [
      'PLATFORM_URL',
      'platform',
      [
        'PLATFORM_URL=platform: expected an http or https URL without credentials, query or fragment',
      ],
    ],
  ])('are refused with %s=%s', (name, value, faults) => {
    expect(issuesOf({ ...platform, [name]: value })).toEqual(faults);
  });
});

describe('faults on demand', () => {
  const faulty = { CAMPAIGN_SERVICE_FAULTS: 'faults.yaml' };

  it('are of the embedded service, on a loopback address', () => {
    expect(parse({ ...faulty, HOST: '::1' }).upstream).toMatchObject({ faultsFile: 'faults.yaml' });
    expect(parse({ ...faulty, ...remote, HOST: '::1' }).upstream).not.toHaveProperty('faultsFile');
  });

  it('are refused where others can reach the gateway', () => {
    expect(issuesOf({ ...faulty, HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' })).toEqual([
      'CAMPAIGN_SERVICE_FAULTS=faults.yaml: expected not to be set if HOST is not a loopback address, because it is for tests',
    ]);
  });
});
