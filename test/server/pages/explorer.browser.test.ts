import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { createWorkspace, mappingYaml, peopleCsv } from '../../campaign/support/running-service.js';
import { type CutOffBrowser, openCutOffBrowser } from '../../support/browser.js';
import { createExplorerPage } from '../../support/explorer-page.js';
import { startServedGateway } from '../../support/served-gateway.js';

const MAPPING_ID = 'profiles';

/** About 2 s: long enough to be watched while it runs. */
const PACE = { recordsPerSecond: 2 };
const RECORDS = 5;

/** Takes about 8 s; much more if many tests share a small machine. */
const TIMEOUT_MS = 60_000;

const STRAY_URL = 'https://stray.example/';

describe('the explorer, in a browser that reaches nothing but the gateway', () => {
  const running = new AsyncDisposableStack();
  let browser: CutOffBrowser;
  let url: string;

  beforeAll(async () => {
    const space = running.use(
      await createWorkspace({
        'earlier.yaml': mappingYaml('earlier'),
        'profiles.yaml': mappingYaml(MAPPING_ID, PACE),
        'people.csv': peopleCsv(RECORDS),
      }),
    );
    const served = running.use(await startServedGateway(space, MAPPING_ID));
    // Uses up request id 1, so that a tab that only guesses shows another request.
    await served.startEarlier('earlier');
    url = served.url;
    browser = running.use(await openCutOffBrowser(url));
  }, TIMEOUT_MS);
  afterAll(() => running.disposeAsync());

  it(
    'starts, watches, queries and lists an ingestion without typing',
    async () => {
      const { page } = browser;
      await page.goto(`${url}/`);
      await page.getByRole('link', { name: 'Explorer' }).click();
      expect(page.url()).toBe(`${url}/explorer/`);
      const explorer = createExplorerPage(page);

      expect(await explorer.tabNames()).toEqual(['Start', 'Watch', 'Status', 'List', 'Changes']);
      await explorer.activeTab('Start').waitFor();
      await page.getByText(`"mappingId": "${MAPPING_ID}"`).waitFor();

      await explorer.send();
      const [submitted] = await explorer.events(1);
      expect(await textOf(submitted)).toContain('"__typename": "IngestionSubmitted"');
      expect(await textOf(submitted)).toContain('"requestId": "2"');
      await page.getByText('Updated active environment variables: mappingId, requestId').waitFor();

      await explorer.open('Watch');
      await explorer.send();
      const [first] = await explorer.events(1);
      expect(await textOf(first)).toContain('"to": "IN_PROGRESS"');
      expect(await textOf(first)).toContain('"numRecords": null');
      const [, last] = await explorer.events(2);
      expect(await textOf(last)).toContain('"from": "IN_PROGRESS"');
      expect(await textOf(last)).toContain('"to": "SUCCESS"');
      expect(await textOf(last)).toContain(`"numRecords": ${RECORDS}`);
      for (const event of [first, last]) {
        expect(await explorer.timeOf(event)).toMatch(/^\d{1,2}:\d{2}:\d{2}( [AP]M)?$/);
      }

      await explorer.open('Status');
      await explorer.send();
      const [asked] = await explorer.events(1);
      expect(await textOf(asked)).toContain('"status": "SUCCESS"');
      expect(await textOf(asked)).toContain(`"numRecords": ${RECORDS}`);

      await explorer.open('List');
      await explorer.send();
      const [listed] = await explorer.events(1);
      expect(await textOf(listed)).toMatch(/"to": "IN_PROGRESS".*"to": "SUCCESS"/s);

      await explorer.openDocs('Subscription');
      await page
        .getByText('All transitions of one request: those after the cursor')
        .first()
        .waitFor();

      await page.setViewportSize({ width: 390, height: 844 });
      for (const pane of ['app-query-editor', 'app-doc-viewer']) {
        expect((await page.locator(pane).boundingBox())?.width).toBeGreaterThan(380);
      }
      const send = await page.getByRole('button', { name: 'Send Request' }).boundingBox();
      expect((send?.x ?? 0) + (send?.width ?? 0)).toBeLessThanOrEqual(390);

      // These would include violations of the page's policy: any request to another host.
      expect(browser.faults).toEqual([]);
      await page.evaluate(`fetch('${STRAY_URL}').catch(() => {})`);
      expect(browser.faults.join()).toContain(`Connecting to '${STRAY_URL}' violates`);
      expect(browser.strayRequests).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

async function textOf(event: Locator | undefined): Promise<string> {
  return (await event?.textContent()) ?? '';
}
