import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type CutOffBrowser, openCutOffBrowser } from '../../../../test/support/browser.js';
import { untilMetric } from '../../../../test/support/metrics.js';
import { openScriptPage } from '../../../../test/support/script-page.js';
import { startTestUpstream } from '../../../../test/support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../../../../test/support/test-gateway.js';
import type { TestUpstream } from '../../../../test/support/test-upstream.js';

/** Much more than it takes, for many tests share a small machine. */
const TIMEOUT_MS = 90_000;

/** As it may be seen on the page, of each of those who follow the ingestion. */
const FOLLOWERS = ['one', 'other'];

const running = new AsyncDisposableStack();
let upstream: TestUpstream;
let gateway: TestGateway;
let browser: CutOffBrowser;
let page: Page;
let startGateway: (port: number) => Promise<TestGateway>;

beforeAll(async () => {
  upstream = await startTestUpstream();
  running.defer(() => upstream.close());
  const dataDir = await mkdtemp(join(tmpdir(), 'sluice-react-'));
  running.defer(() => rm(dataDir, { recursive: true, force: true }));
  startGateway = (port) => startTestGateway(upstream.config, { dataDir, port });
  gateway = await startGateway(0);
  running.defer(() => gateway.stop());
  browser = running.use(await openCutOffBrowser(gateway.url));
  ({ page } = browser);
  await openScriptPage(page, gateway.url, join(import.meta.dirname, 'page.js'));
}, TIMEOUT_MS);

afterAll(() => running.disposeAsync());

const click = (name: string) => page.getByRole('button', { name }).click();
const seen = async (...texts: string[]) => {
  for (const id of FOLLOWERS) {
    for (const text of texts)
      await page.locator(`#${id}`).getByText(text, { exact: true }).waitFor();
  }
};

it(
  'shows an ingestion from its start to its end, across a restart of the gateway',
  async () => {
    const { url } = gateway;
    // From here on nothing is missed.
    await page.locator('ol[aria-busy=false]').waitFor({ state: 'attached' });
    await click('Start');
    await page.getByText('answered').waitFor();
    await seen('IN_PROGRESS', 'upToDate', 'fresh');
    // One for both who follow it, and one for activity, strict mode or not.
    await untilMetric(url, 'sluice_stream_listeners', 2);

    await gateway.stop();
    await seen('reconnecting', 'stale', 'IN_PROGRESS');
    await upstream.finish();
    gateway = await startGateway(Number(new URL(url).port));
    await seen('SUCCESS', '2: IN_PROGRESS SUCCESS', 'fresh');
    await page.getByRole('listitem').getByText('SUCCESS').waitFor();
    expect(await page.getByRole('listitem').allTextContents()).toEqual(['IN_PROGRESS', 'SUCCESS']);
    await untilMetric(url, 'sluice_stream_listeners', 1);
  },
  TIMEOUT_MS,
);

it(
  'tells of a start that the gateway refuses',
  async () => {
    await click('Try nothing');
    await page.getByText('failed', { exact: true }).waitFor();
  },
  TIMEOUT_MS,
);

it(
  'tells why it shows nothing',
  () => page.locator('#nobody').getByText('INGESTION_REQUEST_NOT_FOUND').waitFor(),
  TIMEOUT_MS,
);

it(
  'ends its subscriptions with its components',
  async () => {
    await click('Start');
    await seen('IN_PROGRESS');
    await untilMetric(gateway.url, 'sluice_stream_listeners', 2);
    await click('Toggle');
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    await click('Toggle');
    await seen('IN_PROGRESS', 'upToDate', 'fresh');
    await upstream.finish();
    await seen('SUCCESS');
    expect(browser.strayRequests).toEqual([]);
  },
  TIMEOUT_MS,
);
