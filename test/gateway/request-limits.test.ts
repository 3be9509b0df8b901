import { describe, expect, it } from '@jest/globals';
import {
  type Answer,
  codesOf,
  data,
  query,
  useExposedGateway,
} from '../support/exposed-gateway.js';
import { askSocket, openSocket } from '../support/raw-socket.js';

const gateway = useExposedGateway();
const { start, post, startedMappings } = gateway;

describe('the requests of a minute', () => {
  it('are limited over both transports together, with a time to come back', async () => {
    await start({ maxRequestsPerMinute: 3 });
    const socket = await openSocket(gateway.url);
    expect(await askSocket(socket, { query })).toEqual({ data });
    expect(await (await post({ query })).json()).toEqual({ data });
    expect(await askSocket(socket, { query })).toEqual({ data });

    const refused = await post({ query });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    const overHttp = (await refused.json()) as Answer;
    const overSocket = (await askSocket(socket, { query })) as Answer;
    for (const answer of [overHttp, overSocket]) {
      expect(answer).toEqual({
        errors: [
          {
            message: expect.stringMatching(
              /^A caller may make at most 3 requests a minute\. Wait \d\d s\.$/,
            ),
            extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) },
          },
        ],
      });
    }
    await socket.close();
  });

  it('are each counted once, even if the answer is shared', async () => {
    await start({ maxRequestsPerMinute: 3 });
    const list = { query: '{ ingestionRequests { nodes { id } } }' };
    for (let i = 0; i < 3; i += 1) expect((await post(list)).status).toBe(200);
    expect((await post(list)).status).toBe(429);
  });

  it('exclude health and metrics', async () => {
    await start({ maxRequestsPerMinute: 1 });
    for (const path of ['/healthz', '/readyz', '/metrics', '/healthz']) {
      expect((await fetch(`${gateway.url}${path}`)).status).toBe(200);
    }
  });

  it('are counted by the address from a trusted proxy, with an IPv6 network as one', async () => {
    await start({ maxRequestsPerMinute: 1 }, { trustedProxies: ['loopback'] });
    const from = (address: string) => post({ query }, { 'x-forwarded-for': address });
    expect((await from('192.0.2.1')).status).toBe(200);
    expect((await from('192.0.2.1')).status).toBe(429);
    // The entries before the last address come from its owner.
    expect((await from('192.0.2.9, 192.0.2.1')).status).toBe(429);
    expect((await from('192.0.2.2')).status).toBe(200);
    expect((await from('2001:db8:1:2::1')).status).toBe(200);
    expect((await from('2001:db8:1:2:ffff::2')).status).toBe(429);
    expect((await from('2001:db8:1:3::1')).status).toBe(200);
  });

  it('ignore addresses from anybody else', async () => {
    await start({ maxRequestsPerMinute: 1 });
    expect((await post({ query }, { 'x-forwarded-for': '192.0.2.1' })).status).toBe(200);
    expect((await post({ query }, { 'x-forwarded-for': '192.0.2.2' })).status).toBe(429);
  });
});

describe('the starts of a minute', () => {
  const starts = {
    query:
      'mutation ($inputs: [StartIngestionInput!]!) { startIngestions(inputs: $inputs) { __typename } }',
    variables: { inputs: [{ mappingId: 'XDM44' }, { mappingId: 'XDM45' }, { mappingId: 'XDM46' }] },
  };

  it('are counted per ingestion, and an operation that exceeds them starts none', async () => {
    await start({ maxStartsPerMinute: 4 });
    expect(codesOf((await (await post(starts)).json()) as Answer)).toBeUndefined();
    const startCount = startedMappings().length;
    expect(new Set(startedMappings()).size).toBe(3);
    const refused = (await (await post(starts)).json()) as Answer;
    expect(codesOf(refused)).toEqual(['RATE_LIMITED']);
    expect(startedMappings()).toHaveLength(startCount);
  });
});
