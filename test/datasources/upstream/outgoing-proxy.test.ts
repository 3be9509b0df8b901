import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import {
  findProxy,
  type OutgoingProxies,
} from '../../../src/datasources/upstream/outgoing-proxy.js';
import { systemClock } from '../../../src/process/system-clock.js';
import { createIssuerKeys } from '../../../src/server/sign-in/issuer-keys.js';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';
import { type ForwardProxyRules, startForwardProxy } from '../../support/forward-proxy.js';
import { json } from '../../support/scripted-upstream.js';
import { selfSigned } from '../../support/self-signed.js';
import {
  asking,
  failureOf,
  ref,
  releaseAfterEachTest,
  releaseAfterTest,
  scripted,
  setUp,
} from './campaign-harness.js';

releaseAfterEachTest();

/** Host names that only the proxy can resolve. */
const CAMPAIGN_URL = new URL('http://campaign.invalid');

async function startProxy(serverUrl: string, rules?: ForwardProxyRules) {
  const proxy = await startForwardProxy(serverUrl, rules);
  releaseAfterTest(() => proxy.close());
  return proxy;
}

function through(url: string, exempt: readonly string[] = []): OutgoingProxies {
  return {
    http: { url, variable: 'HTTP_PROXY' },
    https: { url, variable: 'HTTPS_PROXY' },
    exempt,
  };
}

/** A datasource behind a proxy in front of a scripted upstream. */
async function setUpBehind(rules?: ForwardProxyRules, credentials = '') {
  const server = await scripted();
  const proxy = await startProxy(server.url, rules);
  const shown = proxy.url.replace('http://', `http://${credentials}`);
  const { campaign } = await setUp({ url: CAMPAIGN_URL, proxies: through(shown) });
  return { server, proxy, campaign };
}

describe('a forward proxy', () => {
  it('carries every call to the upstream, each start over its own connection', async () => {
    const { server, proxy, campaign } = await setUpBehind();
    server.script(
      json(200, statusAnswers.inProgress('XDM44', 3520)),
      json(200, startAnswers.submitted('XDM44', 3520)),
      json(200, startAnswers.submitted('XDM44', 3521)),
    );
    await campaign.status(ref, asking);
    expect(await campaign.start('XDM44', 'somebody')).toMatchObject({ requestId: '3520' });
    expect(await campaign.start('XDM44', 'somebody')).toMatchObject({ requestId: '3521' });
    const path = `${CAMPAIGN_URL.origin}/acme/campaign/dataIngestion/xdmIngestion/XDM44/ingest`;
    expect(proxy.asked).toEqual([`GET ${path}?requestId=3520`, `POST ${path}`, `POST ${path}`]);
    expect(server.calls[0]?.headers.host).toBe('campaign.invalid');
  });

  it('may pass on 100 Continue', async () => {
    const { server, campaign } = await setUpBehind();
    server.script((response, call) => {
      response.writeContinue();
      json(200, startAnswers.submitted('XDM44', 3520))(response, call);
    });
    expect(await campaign.start('XDM44', 'somebody')).toMatchObject({ requestId: '3520' });
  });

  it('carries the fetches of access tokens and of issuers’ keys', async () => {
    const server = await scripted();
    const proxy = await startProxy(server.url);
    server.script(
      json(200, { access_token: 't1', token_type: 'bearer', expires_in: 86_399 }),
      json(200, startAnswers.submitted('XDM44', 3520)),
      json(200, { keys: [] }),
    );
    const proxies = through(proxy.url);
    const { campaign } = await setUp({
      url: CAMPAIGN_URL,
      proxies,
      token: {
        kind: 'clientCredentials',
        imsUrl: 'http://ims.invalid',
        clientId: 'c',
        clientSecret: 's',
        scopes: [],
      },
    });
    await campaign.start('XDM44', 'somebody');
    const find = createIssuerKeys({
      url: new URL('http://issuer.invalid/keys?all=1'),
      clock: systemClock,
      proxies,
      onFailed: () => {},
      onUnusable: () => {},
    });
    await expect(
      find({ alg: 'ES256', kid: 'k' }, { payload: '', signature: '' }),
    ).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    expect(proxy.asked).toEqual([
      'POST http://ims.invalid/ims/token/v3',
      expect.stringContaining('POST http://campaign.invalid/'),
      'GET http://issuer.invalid/keys?all=1',
    ]);
  });

  it('receives the credentials in its URL, and nobody else does', async () => {
    const rules = { credentials: 'me:planted%' };
    const { server, campaign } = await setUpBehind(rules, 'me:planted%25@');
    server.script(json(200, startAnswers.submitted('XDM44', 3520)));
    await campaign.start('XDM44', 'somebody');
    expect(server.calls[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('is named in the error if it wants other credentials, and nothing was sent', async () => {
    const { proxy, campaign } = await setUpBehind({ credentials: 'me:right' }, 'me:planted@');
    const error = await failureOf(campaign.start('XDM44', 'somebody'));
    expect(error).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcomeUnknown: false,
      message: `The upstream cannot be reached, because the proxy ${proxy.url} (HTTP_PROXY) asks for other credentials (HTTP 407): correct those in HTTP_PROXY. Nothing was sent.`,
    });
  });

  it.each([
    [407, 'asks for other credentials (HTTP 407): correct those in HTTPS_PROXY'],
    [403, 'did not let the call through (HTTP 403)'],
    [502, 'did not let the call through (HTTP 502)'],
  ])('is named in the error if it answers %d to CONNECT', async (refusal, fault) => {
    const proxy = await startProxy('http://127.0.0.1:9', { refusal });
    const url = new URL('https://campaign.invalid');
    const { campaign } = await setUp({ url, proxies: through(proxy.url) });
    const error = await failureOf(campaign.start('XDM44', 'somebody'));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', outcomeUnknown: false });
    expect(error.message).toBe(
      `The upstream cannot be reached, because the proxy ${proxy.url} (HTTPS_PROXY) ${fault}. Nothing was sent.`,
    );
    expect(proxy.asked).toEqual(['CONNECT campaign.invalid:443']);
  });

  it('is named in the error if it is down, also for tokens', async () => {
    const proxies = through('http://me:planted@127.0.0.1:9');
    const token = {
      kind: 'clientCredentials',
      imsUrl: 'https://ims.invalid',
      clientId: 'c',
      clientSecret: 's',
      scopes: [],
    } as const;
    const ready = await setUp({ url: CAMPAIGN_URL, proxies });
    const fetched = await setUp({ url: CAMPAIGN_URL, proxies, token });
    const [calls, tokens] = await Promise.all(
      [ready, fetched].map(({ campaign }) => failureOf(campaign.start('XDM44', 'somebody'))),
    );
    expect(calls?.message).toBe(
      'The upstream cannot be reached, because the proxy http://127.0.0.1:9 (HTTP_PROXY) cannot be reached (ECONNREFUSED). Nothing was sent.',
    );
    expect(tokens?.message).toBe(
      'The token service cannot be reached, because the proxy http://127.0.0.1:9 (HTTPS_PROXY) cannot be reached (ECONNREFUSED).',
    );
  });

  it('is not blamed for errors of the upstream behind it', async () => {
    const server = createServer(selfSigned).listen(0, '127.0.0.1');
    await once(server, 'listening');
    releaseAfterTest(async () => void server.close());
    const proxy = await startProxy(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const url = new URL('https://campaign.invalid');
    const { campaign } = await setUp({ url, proxies: through(proxy.url) });
    const { message } = await failureOf(campaign.start('XDM44', 'somebody'));
    expect(message).toContain('its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)');
  });
});

describe('an exempt URL', () => {
  const found = (url: string, ...exempt: string[]) =>
    findProxy(new URL(url), through('http://proxy:3128', exempt)) !== null;

  it.each([
    'http://localhost:4010',
    'https://localhost.',
    'http://api.localhost',
    'http://127.0.0.1:4010',
    'http://127.8.9.10',
    'http://[::1]:4010',
  ])('is any of this machine: %s', (url) => expect(found(url)).toBe(false));

  it.each([
    ['https://mc.adobe.io', '*', false],
    ['https://mc.adobe.io', 'adobe.io', false],
    ['https://mc.adobe.io', '.adobe.io', false],
    ['https://mc.adobe.io', '*.adobe.io', false],
    ['https://MC.Adobe.IO.', 'Adobe.io', false],
    ['https://mc.adobe.io', 'dobe.io', true],
    ['https://mc.adobe.io', 'mc.adobe.io:443', false],
    ['https://mc.adobe.io', 'mc.adobe.io:8443', true],
    ['http://10.1.2.3:8080', '10.1.2.3', false],
    ['http://10.1.2.3:8080', '10.0.0.0/8', false],
    ['http://11.1.2.3:8080', '10.0.0.0/8', true],
    ['http://11.1.2.3', '10.0.0.0/99', true],
    ['http://10.1.2.3:8080', '10.1.2.3:8080', false],
    ['http://[fd00::5]', 'fd00::/8', false],
    ['http://[fd00::5]:81', '[fd00::5]:81', false],
    ['http://[fd00::5]:82', '[fd00::5]:81', true],
    ['http://[fd00::5]', 'fd00:0::5', false],
    ['https://mc.adobe.io', '', true],
  ])('is matched by NO_PROXY: %s with %s', (url, exempt, expected) =>
    expect(found(url, exempt)).toBe(expected),
  );
});
