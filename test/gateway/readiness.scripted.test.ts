import { expect, it } from '@jest/globals';
import { hang, startScriptedUpstream } from '../support/scripted-upstream.js';
import { startTestGateway } from '../support/test-gateway.js';

it('/readyz does not wait for an upstream that never answers; ?deep reports it', async () => {
  const upstream = await startScriptedUpstream();
  upstream.otherwise(hang());
  const gateway = await startTestGateway(upstream.url, { timeoutMs: 1_500 });
  const ask = async (path: string) => {
    const response = await fetch(`${gateway.url}${path}`);
    return { status: response.status, body: await response.json() };
  };
  expect(await ask('/readyz')).toEqual({
    status: 200,
    body: { status: 'ready', upstream: { status: 'unknown' } },
  });
  // The check is still in progress.
  expect(await ask('/readyz?deep')).toMatchObject({
    status: 503,
    body: { upstream: { status: 'degraded', code: 'UPSTREAM_TIMEOUT' } },
  });
  expect(upstream.calls).toHaveLength(1);
  await gateway.stop();
  await upstream.close();
});
