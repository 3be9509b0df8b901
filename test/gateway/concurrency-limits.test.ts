import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import {
  type Answer,
  codesOf,
  data,
  query,
  useExposedGateway,
} from '../support/exposed-gateway.js';
import { untilMetric } from '../support/metrics.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { oddMappings } from '../support/test-upstream.js';

const gateway = useExposedGateway();
const { start, post, upgrade } = gateway;

describe('sockets', () => {
  it('are limited per caller', async () => {
    await start({ maxSocketsPerCaller: 2 });
    const [first, second] = [await openSocket(gateway.url), await openSocket(gateway.url)];
    expect(await upgrade()).toBe(429);
    await first.close();
    await untilMetric(gateway.url, 'sluice_websockets', 1);
    expect(await upgrade()).toBe(101);
    await second.close();
  });

  it('are limited for all callers together', async () => {
    await start({ maxSockets: 2 }, { trustedProxies: ['loopback'] });
    const sockets = ['192.0.2.1', '192.0.2.2'].map(
      (address) =>
        new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
          headers: { 'x-forwarded-for': address },
        }),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    expect(await upgrade({ 'x-forwarded-for': '192.0.2.3' })).toBe(503);
    for (const socket of sockets) socket.terminate();
  });

  it('have a limited number of operations in progress, and room for one more when one ends', async () => {
    await start({ maxOperationsPerSocket: 2 });
    const socket = await openSocket(gateway.url);
    const payload = { query: 'subscription { ingestionActivity { to } }' };
    for (const id of ['1', '2', '3']) socket.send({ type: 'subscribe', id, payload });
    expect(await socket.next()).toEqual({
      type: 'error',
      id: '3',
      payload: [
        {
          message:
            'A socket may have at most 2 operations in progress. Wait for one to end, or complete one.',
          extensions: { code: 'TOO_MANY_OPERATIONS' },
        },
      ],
    });
    // A subscription that is being opened keeps its place until it has failed.
    await untilMetric(gateway.url, 'sluice_stream_listeners', 2);
    socket.send({ type: 'complete', id: '1' });
    expect(await askSocket(socket, { query })).toEqual({ data });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 1);
    await socket.close();
  });
});

describe('operations in progress', () => {
  const silent = `{ ingestionStatus(mappingId: "${oddMappings.silent}", requestId: "1") { status } }`;
  const ask = { type: 'subscribe', payload: { query: silent } };

  /** Begin operations and leave. */
  async function abandon(count: number): Promise<void> {
    const socket = await openSocket(gateway.url);
    for (let index = 0; index < count; index += 1) {
      socket.send({ ...ask, id: `${index}` });
      socket.send({ type: 'complete', id: `${index}` });
    }
    // Answered after them.
    socket.send({ type: 'ping' });
    await socket.next();
    await socket.close();
  }

  it('count for their socket while they work, even after they were completed', async () => {
    await start({ maxOperationsPerSocket: 2, operationTimeoutMs: 300 });
    const socket = await openSocket(gateway.url);
    for (const id of ['1', '1']) {
      socket.send({ ...ask, id });
      socket.send({ type: 'complete', id });
    }
    expect(codesOf((await askSocket(socket, { query })) as Answer)).toEqual([
      'TOO_MANY_OPERATIONS',
    ]);
    // They end in time, and make room.
    for (;;) {
      const answer = (await askSocket(socket, { query })) as Answer;
      if (answer.data) break;
      expect(codesOf(answer)).toEqual(['TOO_MANY_OPERATIONS']);
    }
    await socket.close();
  });

  it('count for their caller over both transports, even after its sockets close', async () => {
    await start({ maxOperationsPerCaller: 2 });
    await abandon(2);
    const refused = await post({ query });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    const message =
      'A caller may have at most 2 queries and mutations in progress. Wait for one to end.';
    const code = 'TOO_MANY_OPERATIONS';
    expect(await refused.json()).toEqual({
      errors: [{ message, extensions: { code, retryAfterMs: 1_000 } }],
    });
    const socket = await openSocket(gateway.url);
    expect(await askSocket(socket, { query })).toEqual({
      errors: [{ message, extensions: { code } }],
    });
    await socket.close();
  });

  it('are limited for all callers together', async () => {
    await start({ maxOperations: 2 });
    await abandon(2);
    const refused = await post({ query });
    expect(refused.status).toBe(503);
    expect(codesOf((await refused.json()) as Answer)).toEqual(['TOO_MANY_OPERATIONS']);
  });

  it('have a total cost limit for the subscriptions on all sockets of a caller', async () => {
    // Each costs 11 points.
    const payload = { query: 'subscription { ingestionActivity { to } }' };
    await start({ maxSubscriptionCostPerCaller: 30 });
    const [first, second] = [await openSocket(gateway.url), await openSocket(gateway.url)];
    first.send({ type: 'subscribe', id: '1', payload });
    second.send({ type: 'subscribe', id: '1', payload });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 2);
    expect(await askSocket(second, payload)).toEqual({
      errors: [
        {
          message:
            'A caller’s subscriptions may cost at most 30 points together. Complete one, or select less.',
          extensions: { code: 'TOO_MANY_OPERATIONS' },
        },
      ],
    });
    first.send({ type: 'complete', id: '1' });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 1);
    second.send({ type: 'subscribe', id: '2', payload });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 2);
    await second.close();
    await first.close();
  });
});
