import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readMetric, untilMetric } from '../support/metrics.js';
import { askSocket, openSocket, type RawSocket } from '../support/raw-socket.js';
import { expectNothingMore, useSocketGateway } from '../support/socket-gateway.js';
import { untilAskedAbout } from '../support/test-upstream.js';

const { upstream, gateway, toRunningSubscription, toHeldSubscription } = useSocketGateway();

const next = (id: string, to: string) => ({
  id,
  type: 'next',
  payload: { data: { ingestionStatusChanged: { to } } },
});

describe('a socket that follows the protocol', () => {
  let socket: RawSocket;

  beforeEach(async () => {
    socket = await openSocket(gateway.url);
  });

  afterEach(() => socket.close());

  it('gets a pong for each ping, with its payload, even before the ack', async () => {
    const early = await openSocket(gateway.url, { isGreeted: false });
    for (const { send, next } of [socket, early]) {
      send({ type: 'ping' });
      expect(await next()).toEqual({ type: 'pong' });
      send({ type: 'ping', payload: { at: 1 } });
      expect(await next()).toEqual({ type: 'pong', payload: { at: 1 } });
    }
    await early.close();
  });

  it('may send an unsolicited pong, or complete an unknown operation', async () => {
    socket.send({ type: 'pong' });
    socket.send({ type: 'complete', id: 'never' });
    await expectNothingMore(socket);
  });

  it.each([
    [
      'a query',
      (id: string) => `{ ingestionStatus(mappingId: "XDM44", requestId: "${id}") { status info } }`,
    ],
    [
      'a mutation',
      () => 'mutation { startIngestion(input: { mappingId: "XDM44" }) { __typename } }',
    ],
    [
      'a query with an alias, a fragment and a nested page',
      (id: string) =>
        `query Q { one: ingestionStatus(mappingId: "XDM44", requestId: "${id}") { ...F } }
         fragment F on IngestionRequest { id transitions { pageInfo { hasNextPage } nodes { to } } }`,
    ],
  ])('gets for %s what HTTP gives', async (_what, toQuery) => {
    const query = toQuery(await upstream.startElsewhere('XDM44'));
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const overHttp = await response.json();
    expect(overHttp).toEqual({ data: expect.anything() });
    expect(await askSocket(socket, { query })).toEqual(overHttp);
  });

  it.each(['1', '__proto__', 'constructor', '"},{"', 'é\n\u2028', 'x'.repeat(1_000)])(
    'may give an operation the id %j',
    async (id) => {
      const query = await toRunningSubscription();
      socket.send({ type: 'subscribe', id, payload: { query } });
      expect(await socket.next()).toEqual(next(id, 'IN_PROGRESS'));
      await upstream.finish();
      expect(await socket.next()).toEqual(next(id, 'SUCCESS'));
      expect(await socket.next()).toEqual({ id, type: 'complete' });
    },
  );

  it('may reuse an id once it has completed its operation', async () => {
    const query = await toRunningSubscription();
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    expect(await socket.next()).toEqual(next('1', 'IN_PROGRESS'));
    // Sent immediately, while the first is still ending.
    for (let i = 0; i < 20; i += 1) {
      socket.send({ type: 'complete', id: '1' });
      socket.send({ type: 'subscribe', id: '1', payload: { query } });
      expect(await socket.next()).toEqual(next('1', 'IN_PROGRESS'));
      await expectNothingMore(socket);
      await untilMetric(gateway.url, 'sluice_stream_listeners', 1);
    }
    // The last one can be completed ...
    socket.send({ type: 'complete', id: '1' });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    // ... and one that is not gets one complete.
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    expect(await socket.next()).toEqual(next('1', 'IN_PROGRESS'));
    await upstream.finish();
    expect(await socket.next()).toEqual(next('1', 'SUCCESS'));
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    await expectNothingMore(socket);
  });

  it('may reuse an id while its completed operation is still being opened', async () => {
    const { query, requestId } = await toHeldSubscription();
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    await untilAskedAbout(upstream, requestId);
    socket.send({ type: 'complete', id: '1' });
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    await expectNothingMore(socket);
    upstream.release();
    expect(await socket.next()).toEqual(next('1', 'IN_PROGRESS'));
    await expectNothingMore(socket);
    expect(await readMetric(gateway.url, 'sluice_stream_listeners')).toBe(1);
    await upstream.finish();
    expect(await socket.next()).toEqual(next('1', 'SUCCESS'));
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
  });

  it('receives the refusal of a valid subscription as a result, as from the library’s own server', async () => {
    const query = 'subscription { ingestionActivity(after: "none") { to } }';
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    const errors = [expect.objectContaining({ extensions: { code: 'CURSOR_INVALID' } })];
    expect(await socket.next()).toEqual({ id: '1', type: 'next', payload: { errors } });
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
  });

  it('may reuse an id after an error, and after the answer to a query', async () => {
    for (let i = 0; i < 3; i += 1) {
      socket.send({ type: 'subscribe', id: '1', payload: { query: '{ nod }' } });
      expect(await socket.next()).toMatchObject({ id: '1', type: 'error' });
      socket.send({ type: 'subscribe', id: '1', payload: { query: '{ __typename }' } });
      expect(await socket.next()).toMatchObject({ id: '1', type: 'next' });
      expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    }
  });
});
