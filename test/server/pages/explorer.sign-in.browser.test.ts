import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rights, toMappingScope } from '../../../src/ingestion/caller.js';
import { newApiKey } from '../../../src/server/sign-in/api-keys.js';
import { type CutOffBrowser, openCutOffBrowser } from '../../support/browser.js';
import { startAnswers } from '../../support/campaign-answers.js';
import { scriptCampaign } from '../../support/campaign-script.js';
import { createExplorerPage } from '../../support/explorer-page.js';
import { json, startScriptedUpstream } from '../../support/scripted-upstream.js';
import { startTestGateway } from '../../support/test-gateway.js';

/** Much more than it takes, because many tests share a small machine. */
const TIMEOUT_MS = 60_000;

describe('the explorer with sign-in', () => {
  const running = new AsyncDisposableStack();
  const { key, sha256 } = newApiKey();
  let browser: CutOffBrowser;
  let url: string;

  beforeAll(async () => {
    const upstream = await startScriptedUpstream();
    running.defer(() => upstream.close());
    scriptCampaign(upstream).starts(json(200, startAnswers.submitted('XDM44', 77)));
    const apiKey = { name: 'ada', rights, mappings: toMappingScope(['*']), expiresAt: null };
    const gateway = await startTestGateway(upstream.url, {
      signIn: { accessTokens: null, apiKeys: [{ ...apiKey, sha256 }] },
    });
    running.defer(() => gateway.stop());
    url = gateway.url;
    browser = running.use(await openCutOffBrowser(url));
  }, TIMEOUT_MS);
  afterAll(() => running.disposeAsync());

  it(
    'starts and watches with a key from its environment',
    async () => {
      const { page } = browser;
      await page.goto(`${url}/explorer/`);
      const explorer = createExplorerPage(page);
      await explorer.activeTab('Start').waitFor();
      await explorer.setEnvironment({ mappingId: 'XDM44', requestId: '1', token: key });
      await explorer.send();
      const [submitted] = await explorer.events(1);
      expect(await submitted?.textContent()).toContain('"__typename": "IngestionSubmitted"');
      await page.getByText('Updated active environment variables: mappingId, requestId').waitFor();
      await explorer.open('Watch');
      await explorer.send();
      const [first] = await explorer.events(1);
      expect(await first?.textContent()).toContain('"to": "IN_PROGRESS"');
    },
    TIMEOUT_MS,
  );
});
