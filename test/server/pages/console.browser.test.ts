import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSluiceClient, type SluiceClient } from '@sluice/client';
import type { Locator, Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { fillLog } from '../../../bench/support/filled-log.js';
import { startEmbeddedUpstream } from '../../../src/embedded-upstream.js';
import { createWorkspace } from '../../campaign/support/running-service.js';
import { type CutOffBrowser, openCutOffBrowser } from '../../support/browser.js';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.js';
import { silentLogger } from '../../support/silent-logger.js';
import { startTestUpstream } from '../../support/start-test-upstream.js';
import { startTestGateway } from '../../support/test-gateway.js';
import type { TestUpstream } from '../../support/test-upstream.js';

/** Much more than it takes, because many tests share a small machine. */
const TIMEOUT_MS = 90_000;

/** The number of ingestions in the long log. */
const LOGGED = 10_000;

/** The height of a row. */
const ROW_PX = 36;

/** The page has at least so many rows from the first visible one on: a screen, and some beyond its edge. */
const ROWS_AT_ONCE = 30;

/** In the page: scroll from the first row to the last, a screen at a time, and record each row. */
const toScrollThrough = (step: number) => `(async () => {
  const grid = document.querySelector('.grid');
  const body = grid.querySelector('.grid-body');
  const requestIds = [];
  grid.style.visibility = 'hidden';
  let mostRows = 0;
  const frame = () => new Promise(requestAnimationFrame);
  for (let index = 0; index < ${LOGGED}; index += ${step}) {
    const last = Math.min(${LOGGED}, index + ${ROWS_AT_ONCE}) - 1;
    do {
      grid.scrollTop = index * ${ROW_PX};
      await frame();
    } while (!body.querySelector('[data-index="' + last + '"]'));
    const rows = grid.querySelectorAll('[data-index]');
    mostRows = Math.max(mostRows, rows.length);
    for (const row of rows) {
      const known = requestIds[row.dataset.index];
      const requestId = row.children[1].textContent;
      if (known !== undefined && known !== requestId) throw new Error(known + ' became ' + requestId);
      requestIds[row.dataset.index] = requestId;
    }
  }
  grid.style.visibility = '';
  return { requestIds: [...requestIds], mostRows };
})()`;

/** A shipped mapping at another speed. */
async function sample(name: string, recordsPerSecond: number): Promise<Record<string, string>> {
  const mapping: object = parse(await readFile(`mappings/${name}.yaml`, 'utf8'));
  const source = { kind: 'csv', path: 'crm-profiles.csv' };
  return { [`${name}.yaml`]: JSON.stringify({ ...mapping, source, recordsPerSecond }) };
}

/** Everything that `npm start` runs; its gateway can be stopped and restarted at the same address. */
async function startSeeded() {
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
    silentLogger,
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

/** A gateway in its own process, which can be killed and restarted at the same address. */
async function startKillable(upstreamUrl: string) {
  const dataDir = await mkdtemp(join(tmpdir(), 'console-mortal-'));
  const start = (port: string) =>
    startGatewayProcess({ upstreamUrl, dataDir, env: { PORT: port } });
  let process: GatewayProcess = start('0');
  const url = await process.url;
  const kill = () => {
    process.child.kill('SIGKILL');
    return process.ended;
  };
  return {
    url,
    kill,
    async startAgain() {
      process = start(new URL(url).port);
      await process.url;
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(dataDir, { recursive: true, maxRetries: 3 });
    },
  };
}

describe('the console, in a browser that reaches nothing but its gateways', () => {
  const running = new AsyncDisposableStack();
  let seeded: Awaited<ReturnType<typeof startSeeded>>;
  let mortal: Awaited<ReturnType<typeof startKillable>>;
  let upstream: TestUpstream;
  /** In front of a scripted upstream, with a long log. */
  let longUrl: string;
  /** The same, with an empty log. */
  let freshUrl: string;
  let browser: CutOffBrowser;
  let page: Page;

  beforeAll(async () => {
    upstream = await startTestUpstream();
    running.defer(() => upstream.close());
    const dataDir = await mkdtemp(join(tmpdir(), 'console-log-'));
    running.defer(() => rm(dataDir, { recursive: true, maxRetries: 3 }));
    await fillLog(dataDir, {
      finishedRequests: LOGGED,
      runningRequests: 0,
      observedAt: Date.now() - 3_600_000,
    });
    for (const settings of [{ dataDir }, {}]) {
      const gateway = await startTestGateway(upstream.config, settings);
      running.defer(() => gateway.stop());
      if (settings.dataDir) longUrl = gateway.url;
      else freshUrl = gateway.url;
    }
    seeded = running.use(await startSeeded());
    mortal = running.use(await startKillable(upstream.url));
    browser = running.use(await openCutOffBrowser(seeded.url, mortal.url, longUrl, freshUrl));
    page = browser.page;
  }, TIMEOUT_MS);
  afterAll(async () => {
    await running.disposeAsync();
    const faults = browser.faults.filter((fault) => !/WebSocket|ERR_CONNECTION|503/.test(fault));
    expect(faults).toEqual([]);
    expect(browser.strayRequests).toEqual([]);
  });

  const open = async (hash = '', url = seeded.url, tab = page) => {
    // Otherwise it would be the same page at another fragment.
    await tab.goto('about:blank');
    await tab.goto(`${url}/${hash}`);
  };
  const start = async (mappingId: string, url = seeded.url) => {
    await open('#/start', url);
    await page.getByLabel('Mapping').fill(mappingId);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByRole('heading', { name: new RegExp(`^${mappingId} \\d+$`) }).waitFor();
  };
  /** Without the page. */
  const withClient = async <Result>(
    url: string,
    act: (client: SluiceClient) => Promise<Result>,
  ): Promise<Result> => {
    const client = createSluiceClient({ url: `${url}/graphql`, webSocketImpl: WebSocket });
    try {
      return await act(client);
    } finally {
      await client.dispose();
    }
  };
  const startByApi = (url: string, mappingId: string) =>
    withClient(url, async (client) => {
      const outcome = await client.start({ mappingId });
      if (outcome.__typename !== 'IngestionSubmitted') throw new Error(outcome.__typename);
      return outcome.request;
    });
  /** Log a request that Platform refused; returns it. */
  const fail = () =>
    withClient(seeded.url, async (client) => {
      const outcome = await client.start({ mappingId: 'crm-profiles-refused' });
      if (outcome.__typename !== 'IngestionSubmitted') throw new Error(outcome.__typename);
      await client.wait(outcome.request);
      return outcome.request;
    });
  const head = () => page.locator('.page-head .status');
  const rows = (tab = page) => tab.locator('.grid-body [role=row]');

  it(
    'leads to the first ingestion when there is none, and distinguishes that from no match',
    async () => {
      await open('', freshUrl);
      await page.getByText('Nothing has been ingested yet.').waitFor();
      await page.getByRole('link', { name: 'Start an ingestion' }).click();
      await page.getByRole('heading', { name: 'Start an ingestion' }).waitFor();
      await open('#/ingestions?mapping=nobody');
      await page.getByText('No ingestion matches.').waitFor();
      await page.getByRole('button', { name: 'Show all' }).click();
      await page.waitForURL(/#\/ingestions$/);
    },
    TIMEOUT_MS,
  );

  it(
    'is accessible in light and dark, wide and narrow',
    async () => {
      const axe = await readFile('node_modules/axe-core/axe.min.js', 'utf8');
      const { requestId } = await fail();
      // The content of each page once it has loaded, which none shows before.
      const text = (name: string) => page.locator('main').getByText(name);
      const refused = page.locator('main').getByRole('link', { name: 'crm-profiles-refused' });
      const pages = [
        ['#/ingestions', rows().filter({ hasText: 'crm-profiles-refused' })],
        ['#/ingestions?mapping=nobody', text('No ingestion matches.')],
        [`#/ingestions/crm-profiles-refused/${requestId}`, text('A retry fails the same way')],
        ['#/ingestions/crm-profiles/no-such', text('UPSTREAM_INVALID_RESPONSE')],
        ['#/start', text('Retry when it is aborted')],
        ['#/mappings', refused],
        ['#/mappings/crm-profiles-refused', page.getByRole('cell', { name: 'Failed' })],
        ['#/mappings/no-such', text('There is no such mapping.')],
        ['#/durations', page.locator('figure.card')],
        ['#/no-such', text('There is no such page.')],
      ] as const;
      for (const [colorScheme, width] of [
        ['light', 1400],
        ['dark', 360],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        const look = async (hash: string, content: Locator) => {
          await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
          await content.first().waitFor();
          const found = await page.evaluate(
            'axe.run({ reporter: "no-passes" }).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))',
          );
          expect([hash, colorScheme, width, found]).toEqual([hash, colorScheme, width, []]);
          const overflow = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          expect([hash, width, overflow]).toEqual([hash, width, 0]);
        };
        await open('#/start', freshUrl);
        await page.evaluate(axe);
        await look('#/ingestions', text('Nothing has been ingested yet.'));
        await open('#/start');
        await page.evaluate(axe);
        for (const [hash, content] of pages) await look(hash, content);
      }
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 1440, height: 900 });
    },
    TIMEOUT_MS,
  );

  it(
    'starts an ingestion and shows its end across a restart of the gateway, on its page and in another tab’s list',
    async () => {
      const list = await page.context().newPage();
      await open('#/ingestions?mapping=crm-profiles', seeded.url, list);
      await list.getByText('Live', { exact: true }).waitFor();

      await start('crm-profiles');
      await head().getByText('In progress').waitFor();
      await list.getByRole('button', { name: '1 new' }).click();
      const row = rows(list).first();
      await row.getByText('In progress').waitFor();

      await seeded.stop();
      await page.getByText('Reconnecting, seen').waitFor();
      await seeded.startAgain();

      await head().getByText('Success').waitFor();
      await page
        .getByRole('status')
        .getByText(/crm-profiles\W+\d+: success/)
        .waitFor();
      await page.getByText('2,000').first().waitFor();
      await page
        .locator('dt:text("BatchId") + dd')
        .getByText(/^[0-9A-Z]{26}$/)
        .waitFor();
      await row.getByText('Success').waitFor();
      await row.getByText('2,000').waitFor();
      await list.close();
    },
    TIMEOUT_MS,
  );

  it(
    'resumes in each tab without a reload when the gateway is killed',
    async () => {
      const list = await page.context().newPage();
      await open('#/ingestions?tab=running', mortal.url, list);
      await list.getByText('Live', { exact: true }).waitFor();
      await start('XDM44', mortal.url);
      await page.getByText('Live', { exact: true }).waitFor();
      await list.getByRole('button', { name: '1 new' }).click();
      await rows(list).getByText('In progress').waitFor();
      for (const tab of [page, list]) await tab.evaluate('globalThis.isLoadedOnce = true');

      await mortal.kill();
      await page.getByText('Reconnecting, seen').waitFor();
      await list.getByText('Reconnecting, seen').waitFor();
      await upstream.finish();
      await mortal.startAgain();

      await head().getByText('Success').waitFor();
      await page
        .getByRole('status')
        .getByText(/XDM44\W+\d+: success/)
        .waitFor();
      await rows(list).getByText('Success').waitFor();
      await list.getByRole('button', { name: 'Running (0)' }).waitFor();
      // A row that no longer matches disappears when it changes.
      await list.getByRole('button', { name: '1 no longer running' }).click();
      await list.getByText('No ingestion matches.').waitFor();
      for (const tab of [page, list]) {
        expect(await tab.evaluate('globalThis.isLoadedOnce')).toBe(true);
      }
      const starts = upstream.calls.filter(({ operation }) => operation === 'start');
      expect(starts.filter(({ mappingId }) => mappingId === 'XDM44')).toHaveLength(1);
      await list.close();
    },
    TIMEOUT_MS,
  );

  it(
    'lists 10,000 rows, none lost or doubled while new ones arrive, with few in the page',
    async () => {
      await open('', longUrl);
      await rows().first().waitFor();
      // Immediately: even before the page receives events.
      await startByApi(longUrl, 'TestDoc');
      // With the rows beyond the edges, the page has more rows than a step.
      const scrolled = page.evaluate<{ requestIds: string[]; mostRows: number }>(
        toScrollThrough(ROWS_AT_ONCE),
      );
      await startByApi(longUrl, 'held');
      const { requestIds, mostRows } = await scrolled;
      const expected = Array.from({ length: LOGGED }, (_, index) => String(LOGGED - 1 - index));
      expect(requestIds).toEqual(expected);
      expect(mostRows).toBeLessThan(120);

      const heapBytes = await heapBytesOf(page);
      await page.evaluate(toScrollThrough(200));
      expect((await heapBytesOf(page)) - heapBytes).toBeLessThan(5_000_000);

      // As high as a screen can be: more rows than come at once.
      await page.setViewportSize({ width: 1440, height: 4000 });
      await page.getByRole('button', { name: '2 new' }).click();
      await rows().first().getByText('held').waitFor();
      await rows().nth(1).getByText('TestDoc').waitFor();
      await rows().nth(2).getByText('9999').waitFor();
      await page.setViewportSize({ width: 1440, height: 900 });
    },
    TIMEOUT_MS,
  );

  it(
    'restores the position in the list after a look at one ingestion',
    async () => {
      await open('', longUrl);
      await rows().first().waitFor();
      await page.evaluate(`document.querySelector('.grid').scrollTop = ${ROW_PX * 60}`);
      const row = rows().filter({ hasText: '9930' }).getByRole('link');
      await row.click();
      await page.getByRole('heading', { name: /9930$/ }).waitFor();
      await page.goBack();
      await row.waitFor();
      expect(await page.evaluate(`document.querySelector('.grid').scrollTop`)).toBe(ROW_PX * 60);
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: /9929$/ }).waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'shows what Platform refused in a failed ingestion',
    async () => {
      await start('crm-profiles-refused');
      await head().getByText('Failed').waitFor();
      await page.getByText('A retry fails the same way').waitFor();
      const errors = page.getByRole('alert');
      await errors.getByText('A value is not one that the schema of the dataset allows.').waitFor();
      const title = await page.getByRole('heading', { level: 1 }).innerText();
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.getByRole('heading', { level: 1 }).filter({ hasNotText: title }).waitFor();
      await head().getByText('Failed').waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'offers to stop a running mapping, then starts it and resends all of it',
    async () => {
      await open('#/start?mapping=crm-profiles-not-stopped');
      await page.getByRole('button', { name: 'Start', exact: true }).click();
      await page.getByText('The mapping is not stopped.').waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText('is stopped: you can start ingestions of it').waitFor();
      await page.getByRole('button', { name: 'Start', exact: true }).click();
      await page.getByRole('heading', { name: /^crm-profiles-not-stopped \d+$/ }).waitFor();
      await head().getByText('Success').waitFor();
      await open('#/mappings/crm-profiles-not-stopped');
      await page.getByText('Stopped', { exact: true }).waitFor();
      await page.getByRole('cell', { name: '2,000' }).first().waitFor();
      page.once('dialog', (dialog) => void dialog.accept());
      await page.getByRole('button', { name: 'Resend all' }).click();
      await page.getByText('sends everything again, and the scheduler runs it').waitFor();
      await page.getByText('Started', { exact: true }).waitFor();
      await page.getByText(', every 15 min').waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'keeps the selection across a reload, and supports the keyboard in the list',
    async () => {
      const [one, other] = [await fail(), await fail()];
      await open();
      await page.getByRole('button', { name: /^Failed/ }).click();
      await page.keyboard.press('/');
      await page.keyboard.type('crm-profiles-refused');
      await page.reload();
      await page.getByRole('button', { name: /^Failed/, pressed: true }).waitFor();
      expect(await page.getByLabel('Mapping').inputValue()).toBe('crm-profiles-refused');
      await rows().first().getByText(other.requestId, { exact: true }).waitFor();
      await page.locator('body').click({ position: { x: 2, y: 200 } });
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: `crm-profiles-refused ${one.requestId}` }).waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await page.keyboard.press('Escape');
    },
    TIMEOUT_MS,
  );

  it(
    'notifies of the end of ingestions started here, if asked to and not visible',
    async () => {
      const context = page.context();
      await open('', freshUrl);
      // A headless browser shows no notifications, and never hides a page.
      await page.addInitScript(`
        globalThis.shown = [];
        globalThis.Notification = class Notification extends EventTarget {
          static permission = 'default';
          static async requestPermission() {
            Notification.permission = 'granted';
          }
          constructor(title, { body }) {
            super();
            shown.push(title + ': ' + body);
          }
        };
        Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });
      `);
      await start('XDM44', freshUrl);
      expect(await page.evaluate('Notification.permission')).toBe('default');
      await page.getByRole('button', { name: 'Notify me' }).click();
      await page.getByRole('button', { name: 'Notifies you', pressed: true }).waitFor();
      await upstream.finish();
      await head().getByText('Success').waitFor();
      expect(await page.evaluate('shown')).toEqual([
        expect.stringMatching(/^Sluice: \W*XDM44\W+\d+: success\.$/),
      ]);
      // A page without the script.
      await page.close();
      page = await context.newPage();
    },
    TIMEOUT_MS,
  );

  it(
    'shows an ingestion as GraphQL and as a command',
    async () => {
      const { requestId } = await startByApi(freshUrl, 'slow');
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await open(`#/ingestions/slow/${requestId}`, freshUrl);
      const copy = async (name: string) => {
        await page.getByRole('button', { name }).click();
        await page.getByText('Copied.').last().waitFor();
        return page.evaluate('navigator.clipboard.readText()');
      };
      expect(await copy('Copy as command')).toBe(
        `npx sluice --url ${freshUrl}/ watch slow ${requestId}`,
      );
      expect(await copy('Copy as GraphQL')).toContain('ingestionStatusChanged(mappingId: "slow"');
    },
    TIMEOUT_MS,
  );
});

async function heapBytesOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}
