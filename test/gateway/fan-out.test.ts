import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { WebSocket } from 'ws';
import { LogUnavailableError } from '../../src/ingestion/gateway-error.js';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import {
  IngestionActivityDocument,
  IngestionStatusChangedDocument,
} from '../generated/operations.js';
import { createGraphQLClient, type GraphQLClient } from '../support/graphql-client.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { type PushedGateway, startPushedGateway } from '../support/pushed-gateway.js';
import { askSocket, openSocket } from '../support/raw-socket.js';

const running: ReportedState = { status: 'IN_PROGRESS', info: '', batchId: null };
const finished: ReportedState = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 };

let gateway: PushedGateway;
let clock: ManualClock;
let clients: GraphQLClient[];
let sockets: WebSocket[];

beforeEach(async () => {
  // The clock stands still, so that no socket is closed for a late pong on a slow machine.
  clock = createManualClock();
  gateway = await startPushedGateway({ clock });
  clients = [];
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  await Promise.all(clients.map((client) => client.close()));
  await gateway.stop();
});

function createClient(): GraphQLClient {
  const client = createGraphQLClient(gateway.url);
  clients.push(client);
  return client;
}

function append(requestId: string, seen = running, mappingId = 'XDM44') {
  return gateway.log.append({ ref: { mappingId, requestId }, seen, observedAt: Date.now() });
}

/** Wait until a count has a value: it changes after the last message that a client sees. */
async function until(read: () => boolean): Promise<void> {
  while (!read()) await new Promise((resolve) => setImmediate(resolve));
}

describe('equal subscriptions', () => {
  it('execute each transition once, whatever their sockets and cursors', async () => {
    await append('1');
    // Followers without a cursor begin here, too.
    const after = gateway.log.toCursor((await gateway.log.head()) - 1);
    const subscribed = Array.from({ length: 20 }, (_, index) =>
      createClient().subscribe(IngestionActivityDocument, index % 2 ? {} : { after }),
    );
    await until(() => gateway.fanOut.followerCount === 20);
    // A follower with this event is live, and no longer reads the log.
    await append('2');
    await Promise.all(subscribed.map(({ received }) => received(2)));
    const countBefore = gateway.operationCount;
    await append('3');
    await append('4');
    await Promise.all(subscribed.map(({ received }) => received(4)));
    expect(gateway.operationCount - countBefore).toBe(2);
    for (const { events } of subscribed) expect(events).toEqual(subscribed[0]?.events);
  });

  it('are not equal if their variables or operations differ', async () => {
    const client = createClient();
    const all = client.subscribe(IngestionActivityDocument, {});
    const some = client.subscribe(IngestionActivityDocument, { mappingIds: ['XDM44', 'other'] });
    const one = client.subscribe(IngestionActivityDocument, { mappingIds: ['other'] });
    await until(() => gateway.fanOut.followerCount === 3);
    await append('1', running, 'XDM44');
    await append('2', running, 'other');
    await Promise.all([all.received(2), some.received(2), one.received(1)]);
    expect(gateway.operationCount).toBe(3 + 5);
    expect(one.events[0]?.data?.ingestionActivity.request.requestId).toBe('2');
  });

  it('see their request as it is at each transition', async () => {
    await append('1');
    const variables = { mappingId: 'XDM44', requestId: '1' };
    const subscribed = Array.from({ length: 3 }, () =>
      createClient().subscribe(IngestionStatusChangedDocument, variables),
    );
    await Promise.all(subscribed.map(({ received }) => received(1)));
    await append('1', finished);
    for (const { completed } of subscribed) {
      const events = await completed;
      expect(events.map(({ data }) => data?.ingestionStatusChanged)).toMatchObject([
        { to: 'IN_PROGRESS', request: { status: 'IN_PROGRESS' } },
        { to: 'SUCCESS', request: { status: 'SUCCESS' } },
      ]);
    }
    // A late follower gets the first transition too, with the request as it is now.
    const [first] = await createClient().subscribe(IngestionStatusChangedDocument, variables)
      .completed;
    expect(first?.data?.ingestionStatusChanged).toMatchObject({
      to: 'IN_PROGRESS',
      request: { status: 'SUCCESS' },
    });
  });

  it('survive an outage of the log while an event is rendered', async () => {
    await append('1');
    const cut = createClient().subscribe(IngestionStatusChangedDocument, {
      mappingId: 'XDM44',
      requestId: '1',
    });
    await cut.received(1);
    const { find } = gateway.log;
    let failures = 2;
    const refuse: typeof find = (refs) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new LogUnavailableError('Not now.')) : find(refs);
    };
    Object.assign(gateway.log, { find: refuse });
    await append('1', finished);
    const events = await cut.completed;
    Object.assign(gateway.log, { find });
    expect(events.at(-1)?.data?.ingestionStatusChanged).toMatchObject({
      to: 'SUCCESS',
      request: { status: 'SUCCESS' },
    });
  });

  it('fail when an event cannot be rendered without the log, and get it when they return', async () => {
    const variables = { mappingId: 'XDM44', requestId: '1' };
    await append('1');
    const cut = createClient().subscribe(IngestionStatusChangedDocument, variables);
    const [first] = await cut.received(1);
    const { find } = gateway.log;
    const refuse = () => Promise.reject(new LogUnavailableError('The log cannot be read now.'));
    Object.assign(gateway.log, { find: refuse });
    await append('1', finished);
    await expect(cut.completed).rejects.toMatchObject([
      { extensions: { code: 'LOG_UNAVAILABLE' } },
    ]);
    expect(cut.events).toHaveLength(1);
    Object.assign(gateway.log, { find });
    const after = first?.data?.ingestionStatusChanged.cursor ?? null;
    const [last] = await createClient().subscribe(IngestionStatusChangedDocument, {
      ...variables,
      after,
    }).completed;
    expect(last?.data?.ingestionStatusChanged.to).toBe('SUCCESS');
  });

  it('leave nothing behind', async () => {
    const subscribed = Array.from({ length: 10 }, () =>
      createClient().subscribe(IngestionActivityDocument, {}),
    );
    await until(() => gateway.fanOut.followerCount === 10);
    for (const { unsubscribe } of subscribed.slice(5)) unsubscribe();
    await until(() => gateway.fanOut.followerCount === 5);
    await Promise.all(clients.map((client) => client.close()));
    await until(() => gateway.fanOut.followerCount === 0);
    expect(gateway.webSockets.bufferedBytes).toBe(0);
  });
});

/** So long that a thousand of them exceed what the kernel buffers for an unread socket. */
const LONG_INFO = 'x'.repeat(8_000);
/** This process both sends and reads 8 MB for each, which takes long on a busy machine. */
const LISTENERS = 10;
const QUERY = 'subscription { ingestionActivity { info request { requestId } } }';

/** A bare WebSocket that records only the ids of the requests it receives. */
async function listen(): Promise<{ socket: WebSocket; requestIds: string[] }> {
  const requestIds: string[] = [];
  const url = `${gateway.url.replace('http', 'ws')}/graphql`;
  const socket = new WebSocket(url, GRAPHQL_TRANSPORT_WS_PROTOCOL);
  sockets.push(socket);
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await new Promise((resolve) => socket.once('message', resolve));
  socket.on('message', (data: Buffer) => {
    const end = data.toString('latin1', data.length - 60);
    requestIds.push(/"requestId":"(\d+)"/.exec(end)?.[1] ?? end);
  });
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }));
  return { socket, requestIds };
}

describe('a socket that is not read', () => {
  it('delays nobody and uses no memory while a thousand transitions pass, then gets them all', async () => {
    const listeners = await Promise.all(Array.from({ length: LISTENERS }, listen));
    await until(() => gateway.fanOut.followerCount === LISTENERS);
    const [stalled, ...others] = listeners;
    stalled?.socket.pause();
    const expected = Array.from({ length: 1_000 }, (_, index) => String(index));
    const seen = { ...running, info: LONG_INFO };
    for (let start = 0; start < expected.length; start += 100) {
      await Promise.all(expected.slice(start, start + 100).map((id) => append(id, seen)));
    }
    await until(() => others.every(({ requestIds }) => requestIds.length >= 1_000));
    for (const { requestIds } of others) expect(requestIds).toEqual(expected);
    await until(() => gateway.webSockets.bufferedBytes < 100_000);
    expect(gateway.webSockets.bufferedBytes).toBeGreaterThan(60_000);
    expect(stalled?.requestIds.length).toBeLessThan(1_000);
    stalled?.socket.resume();
    await until(() => stalled?.requestIds.length === 1_000);
    expect(stalled?.requestIds).toEqual(expected);
    await until(() => gateway.webSockets.bufferedBytes === 0);
  }, 60_000);
});

describe('a socket that does not answer pings', () => {
  const query = '{ __typename }';

  it('is closed when the next ping is due, while one that answers stays open', async () => {
    const silent = await openSocket(gateway.url);
    silent.webSocket.pause();
    const good = await openSocket(gateway.url);
    for (let round = 0; round < 3; round += 1) {
      const pinged = once(good.webSocket, 'ping');
      await clock.advance(20_000);
      await pinged;
      // Sent after the pong.
      expect(await askSocket(good, { query })).toEqual({ data: { __typename: 'Query' } });
      expect(gateway.webSockets.socketCount).toBe(round === 0 ? 2 : 1);
    }
    silent.webSocket.resume();
    expect(await silent.closed).toBe(1006);
    await good.close();
  });
});
