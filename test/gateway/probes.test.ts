import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IngestionStatusDocument } from '../generated/operations.js';
import { readMetric } from '../support/metrics.js';
import { hang, startScriptedUpstream, text } from '../support/scripted-upstream.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { ACCESS_TOKEN, startTestGateway, type TestGateway } from '../support/test-gateway.js';
import type { TestUpstream } from '../support/test-upstream.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };

let upstream: TestUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startTestUpstream();
});

afterEach(async () => {
  await gateway.stop();
  await upstream.close();
});

describe('probes', () => {
  const ask = async (path: string) => {
    const response = await fetch(`${gateway.url}${path}`);
    return { status: response.status, body: await response.json() };
  };

  it('/healthz answers, whatever the upstream does', async () => {
    gateway = await startTestGateway(upstream.config);
    await upstream.close();
    expect(await ask('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('/readyz is ready when the upstream answers, with one call however often it is asked', async () => {
    gateway = await startTestGateway(upstream.config);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/readyz')));
    const ready = { status: 'ready', upstream: { status: 'ok' } };
    expect(answers).toEqual(Array(20).fill({ status: 200, body: ready }));
    expect(upstream.calls).toMatchObject([{ operation: 'check' }]);
  });

  it('/readyz is ready when the upstream is down, and reports it; with ?deep it is not ready', async () => {
    gateway = await startTestGateway(upstream.config);
    expect(await readMetric(gateway.url, 'sluice_upstream_degraded')).toBe(0);
    await upstream.close();
    const degraded = {
      status: 'degraded',
      code: 'UPSTREAM_UNAVAILABLE',
      message: expect.any(String),
    };
    expect(await ask('/readyz')).toEqual({
      status: 200,
      body: { status: 'ready', upstream: degraded },
    });
    expect(await ask('/readyz?deep')).toEqual({
      status: 503,
      body: { status: 'not ready', upstream: degraded },
    });
    expect(await readMetric(gateway.url, 'sluice_upstream_degraded')).toBe(1);
  });

  it('/readyz learns of the upstream from failed calls, too', async () => {
    gateway = await startTestGateway(upstream.config);
    await upstream.close();
    await gateway.client.execute(IngestionStatusDocument, ref);
    expect(await readMetric(gateway.url, 'sluice_upstream_degraded')).toBe(1);
  });

  it('/readyz is not ready once the process is about to stop, while everything else is served', async () => {
    gateway = await startTestGateway(upstream.config);
    gateway.announceStop();
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      body: { status: 'not ready', code: 'SHUTTING_DOWN' },
    });
    expect((await gateway.client.execute(IngestionStatusDocument, ref)).httpStatus).toBe(200);
  });

  it.each([
    [
      'its credentials are refused',
      text(401, '{"error":"invalid_client"}'),
      'UPSTREAM_UNAUTHENTICATED',
    ],
    ['the token service fails', text(500, 'Oops'), 'UPSTREAM_UNAVAILABLE'],
    ['the token service does not answer', hang(), 'UPSTREAM_TIMEOUT'],
  ])('/readyz reports the upstream as degraded when %s', async (_what, answer, code) => {
    const ims = await startScriptedUpstream();
    ims.otherwise(answer);
    gateway = await startTestGateway(upstream.config, {
      timeoutMs: 300,
      upstream: {
        ...upstream.config,
        token: {
          kind: 'clientCredentials',
          imsUrl: ims.url,
          clientId: 'client',
          clientSecret: 'planted-client-secret',
          scopes: ['openid'],
        },
      },
    });
    expect(await ask('/readyz')).toMatchObject({
      status: 200,
      body: { upstream: { status: 'degraded', code } },
    });
    expect(ims.calls.length).toBeGreaterThan(0);
    await ims.close();
  });

  it('/metrics is readable by Prometheus', async () => {
    gateway = await startTestGateway(upstream.config);
    await upstream.startElsewhere(ref.mappingId);
    await upstream.finish();
    await gateway.client.execute(IngestionStatusDocument, ref);
    const response = await fetch(`${gateway.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const body = await response.text();
    for (const line of [
      'sluice_watches 0',
      'sluice_stream_listeners 0',
      'sluice_websockets 0',
      'sluice_transitions_total{to="SUCCESS"} 1',
      'sluice_status_regressions_total 0',
      'sluice_upstream_call_duration_seconds_count{operation="status",outcome="OK"} 1',
      'sluice_operation_duration_seconds_count{transport="http",type="query",outcome="ok"} 1',
    ]) {
      expect(body.split('\n')).toContain(line);
    }
    expect(body).not.toContain(ACCESS_TOKEN);
  });
});
