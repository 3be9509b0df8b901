import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createIngestionRequestLoader } from '../../src/datasources/log/ingestion-request.loader.js';
import { createLineageLoader } from '../../src/datasources/log/lineage.loader.js';
import { createUsualDurationLoader } from '../../src/datasources/log/usual-duration.loader.js';
import type { IngestionLog, StartLog, Watches } from '../../src/ingestion/ports.js';
import type { StartIngestion } from '../../src/ingestion/start-ingestion.js';
import { createLogger } from '../../src/process/logger.js';
import { systemClock } from '../../src/process/system-clock.js';
import { createGraphQLServer } from '../../src/server/graphql-server.js';
import { buildGatewaySchema } from '../../src/server/operations/build-schema.js';
import { anonymousSignIn } from '../../src/server/sign-in/sign-in.js';
import { createHub } from '../../src/watch/hub.js';
import { privateExposure } from '../support/exposure.js';
import { createMemoryLog } from '../support/memory-log.js';
import { readMetric, untilMetric } from '../support/metrics.js';
import { askSocket, openSocket, type RawSocket } from '../support/raw-socket.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import { oddMappings, type TestUpstream, untilAskedAbout } from '../support/test-upstream.js';

let upstream: TestUpstream;
let gateway: TestGateway;

const toSubscription = (mappingId: string, requestId: string) =>
  `subscription Changed {
    ingestionStatusChanged(mappingId: "${mappingId}", requestId: "${requestId}") { to } }`;

beforeAll(async () => {
  upstream = await startTestUpstream();
  gateway = await startTestGateway(upstream.config);
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
});

/** End all runs, so that the next test starts a new request. */
afterEach(async () => {
  await upstream.finish();
  await untilMetric(gateway.url, 'sluice_websockets', 0);
  await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
});

/** A subscription to a running request that the gateway does not know. */
async function toRunningSubscription(): Promise<string> {
  return toSubscription('XDM44', await upstream.startElsewhere('XDM44'));
}

/** A subscription that opens only when the upstream is told to answer. */
async function toHeldSubscription(): Promise<{ query: string; requestId: string }> {
  upstream.hold();
  const requestId = await upstream.startElsewhere(oddMappings.held);
  return { query: toSubscription(oddMappings.held, requestId), requestId };
}

const next = (id: string, to: string) => ({
  id,
  type: 'next',
  payload: { data: { ingestionStatusChanged: { to } } },
});

/** Once this is answered, everything sent before it has been handled. */
async function expectNothingMore(socket: RawSocket): Promise<void> {
  socket.send({ type: 'ping', payload: { sentinel: true } });
  expect(await socket.next()).toEqual({ type: 'pong', payload: { sentinel: true } });
}

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

describe('a disconnected client’s subscription', () => {
  const OPENED_COUNT =
    'sluice_operation_duration_seconds_count{transport="websocket",type="subscription",outcome="ok"}';

  it.each([
    ['completes', (socket: RawSocket) => socket.send({ type: 'complete', id: '1' })],
    ['vanishes', (socket: RawSocket) => socket.webSocket.terminate()],
    ['closes its socket', (socket: RawSocket) => socket.webSocket.close()],
  ])('is released if the client %s while it is being opened', async (_what, leave) => {
    const { query, requestId } = await toHeldSubscription();
    // The metric is missing until it has a value.
    const openedCount = (await readMetric(gateway.url, OPENED_COUNT)) || 0;
    const socket = await openSocket(gateway.url);
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    await untilAskedAbout(upstream, requestId);
    leave(socket);
    const isGone = socket.webSocket.readyState !== socket.webSocket.OPEN;
    if (isGone) await untilMetric(gateway.url, 'sluice_websockets', 0);
    else await expectNothingMore(socket);
    upstream.release();
    // Opened after its client vanished.
    await untilMetric(gateway.url, OPENED_COUNT, openedCount + 1);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    if (!isGone) await expectNothingMore(socket);
    await socket.close();
  });

  it('is released a thousand times, even if half of the sockets vanish', async () => {
    const sockets = 20;
    const subscriptions = 5;
    const query = await toRunningSubscription();
    for (let round = 0; round < 10; round += 1) {
      const opened = await Promise.all(
        Array.from({ length: sockets }, () => openSocket(gateway.url)),
      );
      for (const socket of opened) {
        for (let id = 0; id < subscriptions; id += 1) {
          socket.send({ type: 'subscribe', id: String(id), payload: { query } });
        }
      }
      await Promise.all(
        opened.flatMap((socket) => Array.from({ length: subscriptions }, () => socket.next())),
      );
      expect(await readMetric(gateway.url, 'sluice_websockets')).toBe(sockets);
      await untilMetric(gateway.url, 'sluice_stream_listeners', sockets * subscriptions);
      for (const [i, socket] of opened.entries()) {
        if (i % 2 === 0) socket.webSocket.terminate();
        else {
          for (let id = 0; id < subscriptions; id += 1) {
            socket.send({ type: 'complete', id: String(id) });
          }
          socket.webSocket.close();
        }
      }
      await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
      await untilMetric(gateway.url, 'sluice_websockets', 0);
    }
  });
});

describe('an internal error inside a stream', () => {
  const fault = 'planted-fault: /var/lib/secret';
  const changed = toSubscription('XDM44', '3520');
  let served: Awaited<ReturnType<typeof serveWith>>;

  afterEach(() => served.stop());

  it('ends it with an error without details, and the process survives', async () => {
    served = await serveWith((log) => ({ ...log, read: () => Promise.reject(new Error(fault)) }));
    const socket = await openSocket(served.url);
    socket.send({ type: 'subscribe', id: '1', payload: { query: changed } });
    expect(await socket.next()).toEqual({ id: '1', type: 'error', payload: [internalError] });
    expect(served.logText()).toContain(fault);
    expect(await askSocket(socket, { query: '{ __typename }' })).toEqual({
      data: { __typename: 'Query' },
    });
    expect(served.listenerCount()).toBe(0);
    await socket.close();
  });

  it('is reported with its event if it affects only one', async () => {
    let findCount = 0;
    served = await serveWith((log) => ({
      ...log,
      // Once to find the request, once to see whether it has ended; then for the event's `request`.
      find: (refs) => {
        findCount += 1;
        return findCount > 2 ? Promise.reject(new Error(fault)) : log.find(refs);
      },
    }));
    const socket = await openSocket(served.url);
    const query = changed.replace('{ to }', '{ to request { status } }');
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    expect(await socket.next()).toEqual({
      id: '1',
      type: 'next',
      payload: {
        data: null,
        errors: [
          {
            ...internalError,
            path: ['ingestionStatusChanged', 'request'],
            locations: [expect.anything()],
          },
        ],
      },
    });
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    expect(served.logText()).toContain(fault);
    await socket.close();
  });

  const internalError = {
    message: 'The gateway failed to answer this. Its log has the details.',
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  };

  /** The server parts of a gateway around a log with one finished request, which is then damaged. */
  async function serveWith(damage: (log: IngestionLog) => IngestionLog) {
    const memoryLog = createMemoryLog();
    const ref = { mappingId: 'XDM44', requestId: '3520' };
    const seen = { status: 'SUCCESS', numRecords: 1, batchId: null, info: '' } as const;
    await memoryLog.append({ ref, seen, observedAt: 1 });
    const log = damage(memoryLog);
    const hub = createHub();
    const lines: string[] = [];
    const logger = createLogger('debug', { write: (line) => void lines.push(line) });
    const nobody = {} as Watches & StartIngestion & StartLog;
    const clock = systemClock;
    const schema = await buildGatewaySchema({
      startIngestion: nobody,
      log,
      watches: nobody,
      clock,
      administration: null,
      pollMaxMs: 60_000,
    });
    const { server, fanOut, stop } = await createGraphQLServer({
      schema,
      signIn: anonymousSignIn,
      clock,
      reportRefusal: () => {},
      exposure: { ...privateExposure, persistedOperations: null },
      followSources: { log, hub, watches: nobody },
      newLoaders: () => ({
        requests: createIngestionRequestLoader(log),
        lineages: createLineageLoader(nobody),
        usualDurations: createUsualDurationLoader(log),
        administration: null,
        batches: null,
      }),
      reportOperation: () => {},
      phase: () => 'serving',
      logger,
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}`,
      logText: () => lines.join(''),
      listenerCount: () => hub.listenerCount + fanOut.followerCount,
      stop,
    };
  }
});
