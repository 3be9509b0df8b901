import { expect, it } from '@jest/globals';
import { hang, startScriptedUpstream } from '../support/scripted-upstream.js';
import { startTestGateway } from '../support/test-gateway.js';

it('/readyz is not ready where the upstream does not answer in time', async () => {
  const upstream = await startScriptedUpstream();
  upstream.otherwise(hang());
  const gateway = await startTestGateway(upstream.url, { timeoutMs: 100 });
  const response = await fetch(`${gateway.url}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
  await gateway.stop();
  await upstream.close();
});
