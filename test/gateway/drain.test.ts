import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { createGraphQLClient } from '../support/graphql-client.js';
import { readMetric } from '../support/metrics.js';
import { openSocket } from '../support/raw-socket.js';
import { hang, startScriptedUpstream } from '../support/scripted-upstream.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import { oddMappings, type TestUpstream, untilAskedAbout } from '../support/test-upstream.js';

const { held, silent, slow } = oddMappings;

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startTestUpstream();
});

afterAll(() => upstream.close());

beforeEach(() => upstream.hold());

/** End all runs, so that the next test starts a new request. */
afterEach(async () => {
  await gateway.stop();
  await upstream.finish();
});

describe('a drain', () => {
  /** Far longer than a test may take, so that no drain ends because of it. */
  const patient = { timeoutMs: 600_000 };
  const quick = { cancelAfterMs: 100, cutAfterMs: 300, giveUpAfterMs: 8_000 };
  /** Long enough for clients to receive the reason. */
  const callingOff = { cancelAfterMs: 100, cutAfterMs: 600_000, giveUpAfterMs: 600_000 };
  const portOf = ({ url }: { url: string }) => Number(new URL(url).port);

  async function isRefused(): Promise<boolean> {
    const connection = connect(portOf(gateway), '127.0.0.1');
    try {
      await once(connection, 'connect');
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
    } finally {
      connection.destroy();
    }
  }

  async function untilRefused(): Promise<void> {
    while (!(await isRefused()));
  }

  async function expectPortFree(): Promise<void> {
    const other = createServer();
    other.listen(portOf(gateway), '127.0.0.1');
    await once(other, 'listening');
    other.close();
  }

  it('finishes work in progress, accepts no new connection, and frees the port', async () => {
    gateway = await startTestGateway(upstream.config);
    const requestId = await upstream.startElsewhere(held);
    await upstream.finish();
    const ref = { mappingId: held, requestId };
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    await untilAskedAbout(upstream, requestId);
    const stopped = gateway.stop();
    await untilRefused();
    const releasedAt = performance.now();
    upstream.release();
    expect(await asked).toMatchObject({
      httpStatus: 200,
      data: { ingestionStatus: { status: 'SUCCESS' } },
    });
    await stopped;
    // The drain does not wait for the client's kept connection, which would take 8 s.
    expect(performance.now() - releasedAt).toBeLessThan(5_000);
    expect(await isRefused()).toBe(true);
    await expectPortFree();
    await gateway.stop();
  });

  it.each([
    ['/readyz', 503, { status: 'not ready', code: 'SHUTTING_DOWN' }],
    ['/healthz', 200, { status: 'ok' }],
    ['/graphql?query={__typename}', 503, { errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] }],
  ])('answers what still arrives over an open connection: %s', async (path, status, body) => {
    gateway = await startTestGateway(upstream.config);
    const connection = await beginRequest(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n`);
    const stopped = gateway.stop();
    await untilRefused();
    connection.write('Content-Type: application/json\r\n\r\n');
    const answer = await readText(connection);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject(body);
    await stopped;
  });

  it('cancels what holds up a socket, answers it, and closes the socket', async () => {
    gateway = await startTestGateway(upstream.config, patient, callingOff);
    const socket = await openSocket(gateway.url);
    const arrived = upstream.arrived(upstream.calls.length + 1);
    const query = `mutation { startIngestion(input: { mappingId: "${silent}" }) {
      ... on StartIngestionError { code outcomeUnknown } } }`;
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    await arrived;
    await gateway.stop();
    expect(await socket.next()).toMatchObject({
      type: 'next',
      payload: {
        data: { startIngestion: { code: 'UPSTREAM_UNAVAILABLE', outcomeUnknown: true } },
      },
    });
    expect(await socket.next()).toMatchObject({ type: 'complete' });
    expect(await socket.closed).toBe(1012);
  });

  it('closes sockets with 1012, spread over a moment', async () => {
    gateway = await startTestGateway(upstream.config);
    const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket(gateway.url)));
    const closedAt: number[] = [];
    const closed = sockets.map(async (socket) => {
      const code = await socket.closed;
      closedAt.push(performance.now());
      return code;
    });
    await gateway.stop();
    expect(await Promise.all(closed)).toEqual([1012, 1012, 1012, 1012, 1012]);
    // The first and the last are four fifths of a second apart.
    expect(Math.max(...closedAt) - Math.min(...closedAt)).toBeGreaterThan(400);
  });

  it('ends immediately if there is nothing to wait for', async () => {
    gateway = await startTestGateway(upstream.config);
    const startedAt = performance.now();
    await gateway.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('cancels what the upstream never answers, and tells those who wait', async () => {
    gateway = await startTestGateway(upstream.config, patient, callingOff);
    const ref = { mappingId: silent, requestId: '1' };
    const arrived = upstream.arrived(upstream.calls.length + 2);
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    const started = gateway.client.execute(StartIngestionDocument, { mappingId: silent });
    await arrived;
    await gateway.stop();
    expect((await asked).errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect((await started).data?.startIngestion).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcomeUnknown: true,
    });
    await expectPortFree();
  });

  it('does not wait for a poll that nobody awaits', async () => {
    gateway = await startTestGateway(upstream.config, patient);
    const { data } = await gateway.client.execute(StartIngestionDocument, { mappingId: held });
    const outcome = data?.startIngestion;
    if (outcome?.__typename !== 'IngestionSubmitted') throw new Error('It was not started.');
    await untilAskedAbout(upstream, outcome.request.requestId);
    await gateway.stop();
    expect(gateway.logLines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it('does not wait for a token that never arrives', async () => {
    const ims = await startScriptedUpstream();
    ims.otherwise(hang());
    gateway = await startTestGateway(
      {
        ...upstream.config,
        token: {
          kind: 'clientCredentials',
          imsUrl: ims.url,
          clientId: 'client',
          clientSecret: 'planted-client-secret',
          scopes: ['openid'],
        },
      },
      patient,
      callingOff,
    );
    const ref = { mappingId: 'XDM44', requestId: '3520' };
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    await ims.arrived(1);
    await gateway.stop();
    expect((await asked).errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await ims.close();
  });

  it.each([
    ['a query', held, '{ ingestionStatus(mappingId: "held", requestId: "%") { status } }'],
    [
      'a mutation',
      slow,
      'mutation { startIngestion(input: { mappingId: "slow" }) { __typename } }',
    ],
  ])('answers %s in progress on a socket, and accepts no other', async (_what, mappingId, text) => {
    gateway = await startTestGateway(upstream.config);
    const socket = await openSocket(gateway.url);
    const idle = await openSocket(gateway.url);
    const requestId = mappingId === held ? await upstream.startElsewhere(held) : '';
    const payload = { query: text.replace('%', requestId) };
    const arrived = upstream.arrived(upstream.calls.length + 1);
    socket.send({ type: 'subscribe', id: 'under way', payload });
    await arrived;
    const stopped = gateway.stop();
    await untilRefused();
    socket.send({ type: 'subscribe', id: 'new', payload });
    expect(await idle.closed).toBe(1012);
    upstream.release();
    const messages = [await socket.next(), await socket.next(), await socket.next()];
    expect(messages.find(({ id }) => id === 'new')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'SHUTTING_DOWN' } }],
    });
    expect(messages.filter(({ id }) => id === 'under way')).toMatchObject([
      { type: 'next', payload: { data: expect.anything() } },
      { type: 'complete' },
    ]);
    expect(await socket.closed).toBe(1012);
    await stopped;
  });

  it('ends a subscription that is being opened', async () => {
    gateway = await startTestGateway(upstream.config, patient, quick);
    const client = createGraphQLClient(gateway.url);
    const ref = { mappingId: silent, requestId: '2' };
    const { completed } = client.subscribe(IngestionStatusChangedDocument, ref);
    await untilAskedAbout(upstream, ref.requestId);
    await gateway.stop();
    await expect(completed).rejects.toMatchObject({ code: 1012 });
  });

  it('does not wait for a client that never answers the close', async () => {
    gateway = await startTestGateway(upstream.config);
    const connection = await upgradeByHand();
    const ended = once(connection, 'close');
    await gateway.stop();
    await ended;
  });

  it.each([
    [
      'never finishes its request',
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
    ],
    ['never finishes its headers', 'POST /graphql HTTP/1.1\r\n'],
    ['never sends anything', ''],
  ])('does not wait for a client that %s', async (_what, sent) => {
    gateway = await startTestGateway(upstream.config, {}, quick);
    const connection = await beginRequest(sent);
    connection.on('error', () => {});
    const ended = once(connection, 'close');
    await gateway.stop();
    connection.resume();
    await ended;
    await expectPortFree();
  });

  it('accepts no new socket over an existing connection', async () => {
    gateway = await startTestGateway(
      upstream.config,
      {},
      { cancelAfterMs: 2_000, cutAfterMs: 3_000, giveUpAfterMs: 8_000 },
    );
    const connection = await beginRequest('GET /graphql HTTP/1.1\r\nHost: localhost\r\n');
    const stopped = gateway.stop();
    await untilRefused();
    connection.write(upgradeHeaders);
    expect(await readText(connection)).toMatch(/^HTTP\/1\.1 503 /);
    await stopped;
  });

  /** Send the beginning of a request; resolves once it has arrived. */
  async function beginRequest(sent: string): Promise<Socket> {
    const connection = connect(portOf(gateway), '127.0.0.1');
    await once(connection, 'connect');
    if (sent) connection.write(sent);
    // It has arrived, because a later request of another client was answered.
    await readMetric(gateway.url, 'sluice_websockets');
    return connection;
  }

  const upgradeHeaders =
    'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n' +
    'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n';

  /** A WebSocket whose client only reads. */
  async function upgradeByHand(): Promise<Socket> {
    const connection = connect(portOf(gateway), '127.0.0.1');
    connection.write(`GET /graphql HTTP/1.1\r\nHost: localhost\r\n${upgradeHeaders}`);
    const [answer] = await once(connection, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
    connection.resume();
    return connection;
  }
});
