import { describe, expect, it } from '@jest/globals';
import { privateExposure } from '../support/exposure.js';
import { credentials, remote, setUpSettings } from './set-up-settings.js';

const { parse, warnings } = setUpSettings();

describe('settings', () => {
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

  it('accept client credentials in place of a token', () => {
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

  it('count as not set if they are empty', () => {
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
