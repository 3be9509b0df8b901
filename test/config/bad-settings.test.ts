import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseCampaignConfig } from '../../src/campaign/campaign-config.js';
import { parsePlatformConfig } from '../../src/platform/platform-config.js';
import { credentials, remote, setUpSettings } from './set-up-settings.js';

const { directory, issuesOf, parse } = setUpSettings();

describe('a setting with a bad value', () => {
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

  it.each(cases)('is reported: %s=%s', (name, value, fault) => {
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

  it('accepts quotes in the file of a secret', () => {
    const path = join(directory(), 'secret');
    writeFileSync(path, '"planted"\n');
    const given = { ...remote, CAMPAIGN_API_KEY: '', CAMPAIGN_API_KEY_FILE: path };
    expect(issuesOf(given)).toEqual([`CAMPAIGN_API_KEY=***: ${ascii}${quotes}`]);
  });

  it('is reported together with all others, without revealing a secret', () => {
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
