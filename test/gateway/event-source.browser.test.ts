import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { openCutOffBrowser } from '../support/browser.js';
import { privateExposure } from '../support/exposure.js';
import { deleteDatabase } from '../support/log-database.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { toStreamUrl } from '../support/stream-reader.js';
import { startTestGateway } from '../support/test-gateway.js';

/** Takes about 8 s, of which the browser waits 3 s before it reconnects. */
const TIMEOUT_MS = 60_000;

/** The script of a page that follows a request. */
const FOLLOW = `address => {
  window.told = [];
  const source = new EventSource(address);
  source.addEventListener('next', ({ data }) => {
    const transition = JSON.parse(data).data?.ingestionStatusChanged;
    if (transition) window.told.push(transition.to);
  });
  source.addEventListener('complete', () => { source.close(); window.told.push('complete'); });
}`;

it(
  'an EventSource of another site continues by itself at the next gateway until its request ends',
  async () => {
    await using left = new AsyncDisposableStack();
    const upstream = await startTestUpstream();
    left.defer(() => upstream.close());
    const site = createServer((_request, response) => response.end('<title>A page</title>'));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    left.defer(() => void site.close());
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const dataDir = await mkdtemp(join(tmpdir(), 'event-source-'));
    left.defer(() => deleteDatabase(dataDir));
    const exposure = { ...privateExposure, corsOrigins: [origin] };
    const first = await startTestGateway(upstream.config, { dataDir, exposure });
    const { page, strayRequests } = left.use(await openCutOffBrowser(first.url));
    await page.route(`${origin}/**`, (route) => route.continue());
    await page.goto(origin);
    const requestId = await upstream.startElsewhere('XDM44');
    const query = `subscription { ingestionStatusChanged(mappingId: "XDM44", requestId: "${requestId}") { to } }`;
    await page.evaluate(
      `(${FOLLOW})(${JSON.stringify(toStreamUrl(`${first.url}/graphql/stream`, query))})`,
    );
    await page.waitForFunction('window.told.length === 1');
    await first.stop();
    const port = Number(new URL(first.url).port);
    const second = await startTestGateway(upstream.config, { dataDir, exposure, port });
    left.defer(() => second.stop());
    await upstream.finish();
    await page.waitForFunction('window.told.includes("complete")');
    expect(await page.evaluate('window.told')).toEqual(['IN_PROGRESS', 'SUCCESS', 'complete']);
    expect(strayRequests).toEqual([]);
  },
  TIMEOUT_MS,
);
