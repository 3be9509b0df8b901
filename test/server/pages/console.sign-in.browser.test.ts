import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page, WebSocket } from 'playwright-core';
import { toMappingScope } from '../../../src/ingestion/caller.js';
import { newApiKey } from '../../../src/server/sign-in/api-keys.js';
import { type CutOffBrowser, openCutOffBrowser } from '../../support/browser.js';
import { type OpenIdProvider, startOpenIdProvider } from '../../support/open-id-provider.js';
import { startTestUpstream } from '../../support/start-test-upstream.js';
import { startTestGateway } from '../../support/test-gateway.js';

/** Much more than it takes, because many tests share a small machine. */
const TIMEOUT_MS = 90_000;

describe('the console with sign-in', () => {
  const running = new AsyncDisposableStack();
  const { key, sha256 } = newApiKey();
  const reader = {
    name: 'reader',
    rights: ['ingestion:read'],
    mappings: toMappingScope(['*']),
    expiresAt: null,
    sha256,
  } as const;
  let browser: CutOffBrowser;
  let url: string;

  beforeAll(async () => {
    const upstream = await startTestUpstream();
    running.defer(() => upstream.close());
    const gateway = await startTestGateway(upstream.config, {
      signIn: { accessTokens: null, apiKeys: [reader] },
    });
    running.defer(() => gateway.stop());
    url = gateway.url;
    browser = running.use(await openCutOffBrowser(url));
  }, TIMEOUT_MS);
  afterAll(() => running.disposeAsync());

  it(
    'refuses a wrong key, keeps a valid one in its tab, and offers a reader nothing else',
    async () => {
      const { page } = browser;
      await page.goto(`${url}/#/mappings`);
      const signIn = async (token: string) => {
        await page.getByLabel('API key or access token').fill(token);
        await page.getByRole('button', { name: 'Sign in' }).click();
      };
      await signIn('wrong');
      await page.getByText('That was refused.').waitFor();
      await signIn(key);
      await page.getByRole('heading', { name: 'Mappings' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Mappings' }).waitFor();
      await page.getByText('Live').waitFor();
      expect(await page.getByRole('link', { name: 'Start' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Sign out reader' }).click();
      await page.getByRole('heading', { name: 'Sign in to Sluice' }).waitFor();
    },
    TIMEOUT_MS,
  );
});

describe('the console with an OpenID provider', () => {
  const running = new AsyncDisposableStack();
  let provider: OpenIdProvider;
  let browser: CutOffBrowser;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    // The provider warns about its test settings.
    for (const level of ['info', 'warn'] as const) {
      const muted = jest.spyOn(globalThis.console, level).mockReturnValue();
      running.defer(() => muted.mockRestore());
    }
    const upstream = await startTestUpstream();
    running.defer(() => upstream.close());
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    provider = running.use(await startOpenIdProvider([`${url}/`], 2));
    const gateway = await startTestGateway(upstream.config, {
      port,
      signIn: { accessTokens: provider.accessTokens, apiKeys: [] },
      openId: provider.openId,
    });
    running.defer(() => gateway.stop());
    browser = running.use(await openCutOffBrowser(url, provider.url, provider.endpointsOrigin));
    page = browser.page;
  }, TIMEOUT_MS);
  afterAll(() => running.disposeAsync());

  const signIn = async (hash: string, link: string) => {
    await page.goto('about:blank');
    await page.goto(`${url}/${hash}`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: link }).click();
  };

  it(
    'shows the provider’s reason for a refused sign-in',
    async () => {
      await signIn('', 'Refuse');
      await page.getByText('Ada has no access to Sluice.').waitFor();
      expect(page.url()).toBe(`${url}/`);
    },
    TIMEOUT_MS,
  );

  it(
    'returns to the requested page, renews the token for each connection, even after the provider was down, and signs out',
    async () => {
      const sockets: WebSocket[] = [];
      const count = (socket: WebSocket) => void sockets.push(socket);
      page.on('websocket', count);
      await signIn('#/mappings', 'I am Ada');
      await page.getByRole('heading', { name: 'Mappings' }).waitFor();
      expect(page.url()).toBe(`${url}/#/mappings`);
      // The gateway closes a connection when its token expires.
      while (sockets.length < 4) await page.waitForEvent('websocket');
      await page.getByText('Live', { exact: true }).waitFor();
      expect(provider.renewalCount).toBeGreaterThan(1);
      page.off('websocket', count);
      provider.setDown(true);
      await page.getByText('Reconnecting, seen').waitFor();
      provider.setDown(false);
      await page.getByText('Live', { exact: true }).waitFor();

      await page.getByRole('button', { name: 'Sign out Ada' }).click();
      await page.getByRole('button', { name: 'Sign me out' }).click();
      await page.getByRole('heading', { name: 'Sign in to Sluice' }).waitFor();
      expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('link', { name: 'I am Ada' }).waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'asks for a new sign-in when the provider has ended the old one',
    async () => {
      await signIn('#/durations', 'I am Ada');
      await page.getByRole('heading', { name: 'Durations' }).waitFor();
      provider.endSessions();
      await page.getByText('You are signed out.').waitFor();
      expect(page.url()).toBe(`${url}/#/durations`);
    },
    TIMEOUT_MS,
  );

  it('asks nothing of any other host', () => {
    expect(browser.strayRequests).toEqual([]);
    expect(browser.faults.filter((fault) => /policy/i.test(fault))).toEqual([]);
  });
});

/** A free port: the provider must know the gateway's address, and the gateway the provider's. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
