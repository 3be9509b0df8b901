import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Page, WebSocket } from 'playwright-core';
import { parse } from 'yaml';
import { startEmbeddedUpstream } from '../../../src/embedded-upstream.js';
import { toMappingScope } from '../../../src/ingestion/caller.js';
import { createLogger } from '../../../src/process/logger.js';
import { newApiKey } from '../../../src/server/sign-in/api-keys.js';
import { createWorkspace } from '../../campaign/support/running-service.js';
import { type CutOffBrowser, openCutOffBrowser } from '../../support/browser.js';
import { type OpenIdProvider, startOpenIdProvider } from '../../support/open-id-provider.js';
import { startTestUpstream } from '../../support/start-test-upstream.js';
import { startTestGateway } from '../../support/test-gateway.js';

/** Much more than it takes, for many tests share a small machine. */
const TIMEOUT_MS = 90_000;

/** A shipped mapping, at another pace. */
async function sample(name: string, recordsPerSecond: number): Promise<Record<string, string>> {
  const mapping: object = parse(await readFile(`mappings/${name}.yaml`, 'utf8'));
  const source = { kind: 'csv', path: 'crm-profiles.csv' };
  return { [`${name}.yaml`]: JSON.stringify({ ...mapping, source, recordsPerSecond }) };
}

/** Everything as `npm start` has it; its gateway can be stopped and started again at the same address. */
async function startAll() {
  await using starting = new AsyncDisposableStack();
  const space = starting.use(
    await createWorkspace({
      ...(await sample('crm-profiles', 400)),
      ...(await sample('crm-profiles-refused', 4_000)),
      ...(await sample('crm-profiles-not-stopped', 4_000)),
      'crm-profiles.csv': await readFile('mappings/sources/crm-profiles.csv', 'utf8'),
    }),
  );
  const embedded = await startEmbeddedUpstream(
    { ...space, faultsFile: null, retentionDays: 90, environment: {}, platform: null },
    createLogger('silent'),
  );
  starting.defer(() => embedded.stop());
  const start = (port: number) =>
    startTestGateway(embedded.upstream.url.href, {
      upstream: embedded.upstream,
      platform: embedded.platform,
      dataDir: space.dataDir,
      port,
    });
  let gateway = await start(0);
  starting.defer(() => gateway.stop());
  const running = starting.move();
  const { url } = gateway;
  return {
    url,
    stop: () => gateway.stop(),
    async startAgain() {
      gateway = await start(Number(new URL(url).port));
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

describe('the console, in a browser that reaches nothing but the gateway', () => {
  const running = new AsyncDisposableStack();
  let all: Awaited<ReturnType<typeof startAll>>;
  let browser: CutOffBrowser;
  let page: Page;

  beforeAll(async () => {
    all = running.use(await startAll());
    browser = running.use(await openCutOffBrowser(all.url));
    page = browser.page;
  }, TIMEOUT_MS);
  afterAll(() => running.disposeAsync());

  const open = async (hash = '') => {
    // Else it would be the same page, at another fragment.
    await page.goto('about:blank');
    await page.goto(`${all.url}/${hash}`);
  };
  const start = async (mappingId: string) => {
    await open('#/start');
    await page.getByLabel('Mapping').fill(mappingId);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
  };
  const head = () => page.locator('.page-head .status');
  const rowOf = (mappingId: string) => page.getByRole('row').filter({ hasText: mappingId }).first();

  it(
    'tells an empty list from one in which nothing matches',
    async () => {
      await open();
      await page.getByText('Nothing has been ingested yet.').waitFor();
      await open('#/ingestions?mapping=nobody');
      await page.getByText('No ingestion matches.').waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'starts an ingestion and sees it end across a restart of the gateway, on its page and in the list of another tab',
    async () => {
      const list = await page.context().newPage();
      await list.goto(`${all.url}/#/ingestions`);
      await list.getByText('Nothing has been ingested yet.').waitFor();

      await start('crm-profiles');
      await head().getByText('In progress').waitFor();
      await list.getByRole('button', { name: '1 new' }).click();
      await list.getByRole('button', { name: 'Running (1)' }).waitFor();
      const row = list.getByRole('row').filter({ hasText: 'crm-profiles' });
      await row.getByText('In progress').waitFor();

      await all.stop();
      await page.getByText('Reconnecting, seen').waitFor();
      await all.startAgain();

      await head().getByText('Success').waitFor();
      await page.getByRole('status').getByText('crm-profiles 1: success.').waitFor();
      await page.getByText('2,000').first().waitFor();
      await row.getByText('Success').waitFor();
      await row.getByText('2,000').waitFor();
      await list.getByRole('button', { name: 'Running (0)' }).waitFor();
      await list.close();
    },
    TIMEOUT_MS,
  );

  it(
    'tells of a failure what Platform refused',
    async () => {
      await start('crm-profiles-refused');
      await head().getByText('Failed').waitFor();
      await page.getByText('A retry fails the same way').waitFor();
      const errors = page.getByRole('alert');
      await errors.getByText('A value is not one that the schema of the dataset allows.').waitFor();
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.getByRole('heading', { name: 'crm-profiles-refused 3' }).waitFor();
      await head().getByText('Failed').waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'offers to stop a mapping that is not stopped, and then starts it',
    async () => {
      await start('crm-profiles-not-stopped');
      await page.getByText('The mapping is not stopped.').waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText('is stopped: you can start ingestions of it').waitFor();
      await page.getByRole('button', { name: 'Start', exact: true }).click();
      await page.getByRole('heading', { name: /^crm-profiles-not-stopped \d+$/ }).waitFor();
      await open('#/mappings/crm-profiles-not-stopped');
      await page.getByText('Stopped', { exact: true }).waitFor();
      await page.getByRole('cell', { name: '2,000' }).first().waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'keeps what is chosen across a reload, and goes through the list by keys',
    async () => {
      await open();
      await page.getByRole('button', { name: /^Failed/ }).click();
      await page.keyboard.press('/');
      await page.keyboard.type('crm-profiles-refused');
      await page.reload();
      await page.getByRole('button', { name: 'Failed (2)', pressed: true }).waitFor();
      expect(await page.getByLabel('Mapping').inputValue()).toBe('crm-profiles-refused');
      await rowOf('crm-profiles-refused').waitFor();
      await page.locator('body').click({ position: { x: 2, y: 200 } });
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'crm-profiles-refused 2' }).waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await page.keyboard.press('Escape');
    },
    TIMEOUT_MS,
  );

  it(
    'keeps nobody out, in light and in dark, wide and narrow',
    async () => {
      const axe = await readFile('node_modules/axe-core/axe.min.js', 'utf8');
      const pages = [
        '#/ingestions',
        '#/ingestions/crm-profiles-refused/2',
        '#/start',
        '#/mappings',
        '#/mappings/crm-profiles',
        '#/durations',
      ];
      for (const [colorScheme, width] of [
        ['light', 1400],
        ['dark', 360],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        for (const hash of pages) {
          await open(hash);
          await page.locator('main .grid, main .card').first().waitFor();
          await page.evaluate(axe);
          const found = await page.evaluate(
            'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))',
          );
          expect([hash, colorScheme, width, found]).toEqual([hash, colorScheme, width, []]);
          const overflow = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          expect([hash, width, overflow]).toEqual([hash, width, 0]);
        }
      }
    },
    TIMEOUT_MS,
  );

  it('asks nothing of any other host, and breaks no policy', () => {
    const others = browser.faults.filter((fault) => !/WebSocket|ERR_CONNECTION|503/.test(fault));
    expect(others).toEqual([]);
    expect(browser.strayRequests).toEqual([]);
  });
});

describe('the console, where callers sign in', () => {
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
    'lets nobody in with a wrong key, keeps a right one in its tab, and offers a reader nothing else',
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

describe('the console, where people sign in with an OpenID provider', () => {
  const running = new AsyncDisposableStack();
  let provider: OpenIdProvider;
  let browser: CutOffBrowser;
  let page: Page;
  let url: string;

  beforeAll(async () => {
    // The provider warns of what it is told for tests.
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
    browser = running.use(await openCutOffBrowser(url, provider.url));
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
    'says in the provider’s words why somebody is not let in',
    async () => {
      await signIn('', 'Refuse');
      await page.getByText('Ada has no access to Sluice.').waitFor();
      expect(page.url()).toBe(`${url}/`);
    },
    TIMEOUT_MS,
  );

  it(
    'comes back to the page that was asked for, renews the token for each connection, also after the provider was down, and signs out',
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
    'asks for a new sign-in where the provider has ended the old one',
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

/** A port that nothing listens on: the provider must know the gateway's address, and the gateway the provider's. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
