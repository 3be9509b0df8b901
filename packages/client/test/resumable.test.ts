import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import { WebSocket, WebSocketServer } from 'ws';
import { untilMetric } from '../../../test/support/metrics.js';
import { shareGateway } from '../../../test/support/shared-gateway.js';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.js';
import { oddMappings, untilAskedAbout } from '../../../test/support/test-upstream.js';
import { type ResumableClient, resumable } from '../src/resumable.js';

const mappingId = 'XDM44';
const activity = `subscription { ingestionActivity(mappingIds: ["${mappingId}"]) { to request { requestId } } }`;
const changes = `subscription ($id: ID!) { ingestionStatusChanged(mappingId: "${mappingId}", requestId: $id) { from to } }`;

const { upstream, gateway } = shareGateway();
let proxy: TcpProxy;
let client: ResumableClient;

beforeEach(async () => {
  proxy = await startTcpProxy(gateway.url);
  client = open();
});

afterEach(async () => {
  await client.dispose();
  await proxy.close();
  await upstream.finish();
  await untilMetric(gateway.url, 'sluice_watches', 0);
});

/** With all that graphql-ws does by itself. */
function open(options: Partial<ClientOptions> = {}, pingMs = 200): ResumableClient {
  const url = `${proxy.url.replace('http', 'ws')}graphql`;
  const inner: Client = createClient({ url, webSocketImpl: WebSocket, ...options });
  return resumable(inner, { maxRetryDelayMs: 10, pingMs });
}

/** Through the gateway, so that it watches the request. */
async function start(): Promise<string> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: `mutation { startIngestion(input: { mappingId: "${mappingId}" }) { ... on IngestionSubmitted { request { requestId } } } }`,
    }),
  });
  const { data } = (await response.json()) as {
    data: { startIngestion: { request: { requestId: string } } };
  };
  return data.startIngestion.request.requestId;
}

async function until(state: string, of: ResumableClient = client): Promise<void> {
  while (of.connection.get().state !== state) {
    await new Promise<void>((resolve) => {
      const stop = of.connection.listen(() => {
        stop();
        resolve();
      });
    });
  }
}

/** A server that behaves as the test says. */
async function startSocketServer(behave: (socket: WebSocket) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', behave);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}`, server };
}

describe('a lost connection', () => {
  it('is no reason to send a mutation again', async () => {
    const query = `mutation { startIngestion(input: { mappingId: "${oddMappings.slow}" }) { __typename } }`;
    const calls = upstream.calls.length;
    const patient = open({}, 60_000);
    const answer = patient.iterate({ query }).next();
    await upstream.arrived(calls + 1);
    patient.terminate();
    await expect(answer).rejects.toMatchObject({ name: 'ConnectionLostError' });
    await patient.dispose();
  });

  it('costs no transition of a request, and repeats none', async () => {
    const id = await start();
    const events = client.iterate({ query: changes, variables: { id } });
    expect((await events.next()).value?.data).toEqual({
      ingestionStatusChanged: { from: null, to: 'IN_PROGRESS' },
    });
    proxy.cut();
    await upstream.finish();
    expect((await events.next()).value?.data).toEqual({
      ingestionStatusChanged: { from: 'IN_PROGRESS', to: 'SUCCESS' },
    });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    await until('idle');
  });

  it('costs nothing of activity before the first event either', async () => {
    const events = client.iterate({ query: activity });
    await until('upToDate');
    client.terminate();
    const id = await start();
    await upstream.finish();
    const told = [await events.next(), await events.next()];
    expect(told.map(({ value }) => value?.data)).toEqual(
      ['IN_PROGRESS', 'SUCCESS'].map((to) => ({
        ingestionActivity: { to, request: { requestId: id } },
      })),
    );
    await events.return?.();
  });

  it('is noticed where nobody tells, over the pings that are not answered', async () => {
    const events = client.iterate({ query: activity });
    await until('upToDate');
    proxy.forget();
    await until('reconnecting');
    await until('upToDate');
    const id = await start();
    expect((await events.next()).value?.data).toMatchObject({
      ingestionActivity: { request: { requestId: id } },
    });
    await events.return?.();
  });

  it('is got back by a client that does not retry by itself, and by one that always does', async () => {
    for (const options of [{ retryAttempts: 0 }, { shouldRetry: () => true }]) {
      const other = open(options);
      const events = other.iterate({ query: activity });
      await until('upToDate', other);
      for (let cuts = 0; cuts < 3; cuts += 1) {
        proxy.cut();
        await until('reconnecting', other);
        await until('upToDate', other);
      }
      await events.return?.();
      await other.dispose();
    }
  });

  it('is a reason to ask a query again', async () => {
    const id = await upstream.startElsewhere(oddMappings.held);
    const query = `{ ingestionStatus(mappingId: "${oddMappings.held}", requestId: "${id}") { requestId } }`;
    const answer = client.iterate({ query }).next();
    await untilAskedAbout(upstream, id);
    client.terminate();
    upstream.release();
    expect((await answer).value).toEqual({ data: { ingestionStatus: { requestId: id } } });
  });
});

it('is refused as graphql-ws is: a cursor that is no longer good ends the stream', async () => {
  const events = client.iterate({
    query: 'subscription ($after: Cursor) { ingestionActivity(after: $after) { to } }',
    variables: { after: 'forged' },
  });
  // Either an error, or a result that is one.
  const refused = await events.next().then(
    ({ value }) => value?.errors,
    (errors: unknown) => errors,
  );
  expect(refused).toMatchObject([{ extensions: { code: expect.stringMatching(/CURSOR|INPUT/) } }]);
});

it('ends at once when nobody waits for it any more', async () => {
  const events = client.iterate({ query: activity });
  const waiting = events.next();
  await events.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

it('is given up where the gateway no longer hears its pings, although events keep coming', async () => {
  const { url, server } = await startSocketServer((socket) => {
    const send = (message: object) => socket.send(JSON.stringify(message));
    let id = '';
    socket.on('message', (data) => {
      const { type, id: sentId } = JSON.parse(String(data));
      if (type === 'connection_init') send({ type: 'connection_ack' });
      if (type === 'subscribe') id = sentId;
      if (type !== 'ping') return;
      // Whatever else it sends, it does not answer.
      const ingestionActivity = { cursor: 'c', to: 'IN_PROGRESS' };
      send({ id, type: 'next', payload: { data: { latestCursor: 'c', ingestionActivity } } });
    });
  });
  const other = open({ url });
  const events = other.iterate({ query: activity });
  await until('reconnecting', other);
  await events.return?.();
  await other.dispose();
  server.close();
});

it('is not up to date before it knows its place, whatever else is answered', async () => {
  const { promise: stateAtStream, resolve } = Promise.withResolvers<string>();
  const { url, server } = await startSocketServer((socket) => {
    const send = (message: object) => socket.send(JSON.stringify(message));
    let placeId = '';
    socket.on('message', (data) => {
      const { type, id, payload } = JSON.parse(String(data));
      if (type === 'connection_init') send({ type: 'connection_ack' });
      if (type === 'subscribe' && payload.query.includes('latestCursor')) placeId = id;
      else if (type === 'subscribe') resolve(other.connection.get().state);
      if (type !== 'ping' || placeId === '') return;
      send({ type: 'pong' });
      send({ id: placeId, type: 'next', payload: { data: { latestCursor: 'c' } } });
      placeId = '';
    });
  });
  const other = open({ url });
  const events = other.iterate({ query: activity });
  expect(await stateAtStream).toBe('connected');
  await events.return?.();
  await other.dispose();
  server.close();
});
