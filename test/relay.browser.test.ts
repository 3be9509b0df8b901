import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, parse, print, validate } from 'graphql';
import type { Page } from 'playwright-core';
import { StartIngestionDocument } from './generated/operations.js';
import { openCutOffBrowser } from './support/browser.js';
import { openScriptPage } from './support/script-page.js';
import { startTestUpstream } from './support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from './support/test-gateway.js';
import type { TestUpstream } from './support/test-upstream.js';

/** Much more than it takes, for many tests share a small machine. */
const TIMEOUT_MS = 90_000;

const DIR = 'docs/clients/examples/relay';
const TAG = /graphql`[^`]*?(?:query|mutation|subscription|fragment) (\w+)[^`]*`/g;

describe('what the compiler of Relay made', () => {
  const documents = readFileSync(`${DIR}/ingestions.tsx`, 'utf8').match(TAG) ?? [];
  const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
  const artifacts = globSync(`${DIR}/__generated__/*.ts`).map((path) => readFileSync(path, 'utf8'));

  it('is made of the documents of the page', () => {
    const made = artifacts.map((text) => /hash = "(\w+)"/.exec(text)?.[1]);
    const hashes = documents.map((tag) =>
      createHash('md5')
        .update(print(parse(tag.slice('graphql`'.length, -1))))
        .digest('hex'),
    );
    expect(new Set(made)).toEqual(new Set(hashes));
  });

  it('is valid', () => {
    const texts = artifacts.flatMap((text) => /"text": (".*")/.exec(text)?.[1] ?? []);
    expect(texts).toHaveLength(5);
    const faults = texts.flatMap((text) => validate(schema, parse(JSON.parse(text) as string)));
    expect(faults).toEqual([]);
  });
});

describe('the page of docs/clients/relay.md', () => {
  const running = new AsyncDisposableStack();
  let upstream: TestUpstream;
  let gateway: TestGateway;
  let startGateway: (port: number) => Promise<TestGateway>;
  let page: Page;

  beforeAll(async () => {
    upstream = await startTestUpstream(['crm-profiles', 'TestDoc']);
    running.defer(() => upstream.close());
    const dataDir = await mkdtemp(join(tmpdir(), 'sluice-relay-'));
    running.defer(() => rm(dataDir, { recursive: true, force: true }));
    startGateway = (port) => startTestGateway(upstream.config, { dataDir, port });
    gateway = await startGateway(0);
    running.defer(() => gateway.stop());
    for (let count = 0; count < 3; count += 1) {
      await gateway.client.execute(StartIngestionDocument, { mappingId: 'TestDoc' });
      await upstream.finish();
    }
    ({ page } = running.use(await openCutOffBrowser(gateway.url)));
    await openScriptPage(page, gateway.url, 'page', {
      define: { 'process.env.SLUICE_URL': JSON.stringify(`${gateway.url}/graphql`) },
      plugins: [
        {
          name: 'a page with it',
          resolveId: (id) => (id === 'page' ? resolve(DIR, 'page.tsx') : null),
          load: (id) =>
            id === resolve(DIR, 'page.tsx')
              ? "import { createRoot } from 'react-dom/client'; import { App } from './ingestions.tsx'; createRoot(document.getElementById('root')).render(<App />);"
              : null,
        },
        {
          name: 'as babel-plugin-relay',
          transform: (code, id) =>
            id.includes(DIR)
              ? `${[...code.matchAll(TAG)]
                  .map(([, name]) => `import _${name} from './__generated__/${name}.graphql';`)
                  .join('\n')}\n${code.replace(TAG, '_$1')}`
              : null,
        },
      ],
    });
  }, TIMEOUT_MS);

  afterAll(() => running.disposeAsync());

  const listed = () => page.getByRole('listitem');

  it(
    'shows pages of requests, and one more',
    async () => {
      await listed().getByText('3522: ').waitFor();
      expect(await listed().count()).toBe(2);
      await page.getByRole('button', { name: 'More' }).click();
      await listed().getByText('3520: ').waitFor();
      expect(await listed().count()).toBe(3);
      await page.getByRole('button', { name: 'More' }).waitFor({ state: 'detached' });
    },
    TIMEOUT_MS,
  );

  it(
    'shows an ingestion that somebody else has started',
    async () => {
      await gateway.client.execute(StartIngestionDocument, { mappingId: 'crm-profiles' });
      await page.getByRole('button', { name: 'Start' }).click();
      await page.locator('section').getByText('3523: IN_PROGRESS').waitFor();
      await upstream.finish();
      await page.locator('section').getByText('3523: SUCCESS').waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'starts, follows across a restart of the gateway, and fetches a fragment again',
    async () => {
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByText('3524: IN_PROGRESS').waitFor();
      const polled = page.getByRole('button', { name: 'Polled' });
      const before = await polled.textContent();
      // The first answers may be from before the next poll.
      await page.waitForFunction(
        `(() => {
          const button = document.querySelector('section button');
          button.click();
          return button.textContent !== ${JSON.stringify(before)};
        })()`,
        undefined,
        { polling: 200 },
      );
      const { port } = new URL(gateway.url);
      await gateway.stop();
      await upstream.finish();
      gateway = await startGateway(Number(port));
      await page.getByText('3524: SUCCESS 15').waitFor();
    },
    TIMEOUT_MS,
  );
});
