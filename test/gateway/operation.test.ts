import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import { createGraphQLClient } from '../support/graphql-client.js';
import { readMetric } from '../support/metrics.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import {
  hang,
  held,
  json,
  type ScriptedAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  text,
} from '../support/scripted-upstream.js';
import {
  ACCESS_TOKEN,
  API_KEY,
  ORGANIZATION,
  startTestGateway,
  type TestGateway,
} from '../support/test-gateway.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };
const running = json(200, statusAnswers.inProgress('XDM44', 3520));
const finished = json(200, statusAnswers.success('XDM44', 3520));

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  upstream.otherwise(finished);
});

afterEach(async () => {
  await gateway.stop();
  await upstream.close();
});

async function post(operation: unknown): Promise<unknown> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(operation),
  });
  return response.json();
}

describe('the log', () => {
  const operationLines = () => gateway.logLines.filter(({ transport }) => transport !== undefined);
  const look = '(mappingId: "XDM44", requestId: "3520", maxAgeMs: 0) { status }';
  const forbidden = json(403, { error_code: '403003', message: 'Api Key is invalid' });

  const cases: [string, object, ScriptedAnswer, Record<string, unknown>][] = [
    [
      'a query',
      { query: `query Where { ingestionStatus${look} }` },
      finished,
      { type: 'query', name: 'Where', outcome: 'ok', msg: 'query Where: ok' },
    ],
    [
      'a query without a name',
      { query: `{ ingestionStatus${look} }` },
      finished,
      { type: 'query', name: null, outcome: 'ok', msg: 'query (unnamed): ok' },
    ],
    [
      'a mutation',
      { query: 'mutation Go { startIngestion(input: { mappingId: "M" }) { __typename } }' },
      json(200, startAnswers.notStopped('M')),
      { type: 'mutation', name: 'Go', outcome: 'ok', msg: 'mutation Go: ok' },
    ],
    [
      'the one of several operations that is named',
      { query: 'query A { __typename } query B { __typename }', operationName: 'B' },
      finished,
      { type: 'query', name: 'B', outcome: 'ok', msg: 'query B: ok' },
    ],
    [
      'an operation that fails upstream, twice in the same way',
      { query: `query Where { a: ingestionStatus${look} b: ingestionStatus${look} }` },
      forbidden,
      { type: 'query', name: 'Where', outcome: 'UPSTREAM_FORBIDDEN' },
    ],
    [
      'an operation that fails in two ways',
      {
        query: `query Where { a: ingestionStatus${look}
          b: ingestionStatus(mappingId: "", requestId: "1") { status } }`,
      },
      forbidden,
      { type: 'query', name: 'Where', outcome: 'BAD_USER_INPUT UPSTREAM_FORBIDDEN' },
    ],
    [
      'variables that do not fit',
      { query: 'query Where($id: ID!) { node(id: $id) { id } }' },
      finished,
      { type: 'query', name: 'Where', outcome: 'BAD_USER_INPUT' },
    ],
    [
      'a document that is not valid',
      { query: 'query Where { nod foo }' },
      finished,
      { type: 'invalid', name: null, outcome: 'GRAPHQL_VALIDATION_FAILED' },
    ],
    [
      'a document that cannot be read',
      { query: '{' },
      finished,
      { type: 'invalid', name: null, outcome: 'GRAPHQL_PARSE_FAILED' },
    ],
    [
      'an operation that is not there',
      { query: 'query A { __typename }', operationName: 'B' },
      finished,
      { type: 'invalid', name: null, outcome: 'OPERATION_RESOLUTION_FAILURE' },
    ],
  ];

  it.each(cases)(
    'has one line, the same on both transports, for %s',
    async (_what, operation, answer, line) => {
      gateway = await startTestGateway(upstream.url);
      upstream.otherwise(answer);
      const socket = await openSocket(gateway.url);
      await post(operation);
      await askSocket(socket, operation);
      await socket.close();
      expect(operationLines()).toEqual([
        expect.objectContaining({ ...line, transport: 'http', durationMs: expect.any(Number) }),
        expect.objectContaining({
          ...line,
          transport: 'websocket',
          durationMs: expect.any(Number),
        }),
      ]);
      expect(operationLines().every(({ durationMs }) => Number.isInteger(durationMs))).toBe(true);
    },
  );

  it('has one line for a subscription, whether it is opened or not', async () => {
    gateway = await startTestGateway(upstream.url);
    await gateway.client.subscribe(IngestionStatusChangedDocument, ref).completed;
    const refused = gateway.client.subscribe(IngestionStatusChangedDocument, {
      ...ref,
      after: 'forged',
    });
    await expect(refused.completed).rejects.toHaveLength(1);
    const line = { transport: 'websocket', type: 'subscription', name: 'IngestionStatusChanged' };
    expect(operationLines()).toEqual([
      expect.objectContaining({ ...line, outcome: 'ok', durationMs: expect.any(Number) }),
      expect.objectContaining({
        ...line,
        outcome: 'CURSOR_INVALID',
        durationMs: expect.any(Number),
      }),
    ]);
  });

  it('counts the same operations at /metrics', async () => {
    gateway = await startTestGateway(upstream.url);
    await post({ query: '{ __typename }' });
    await post({ query: '{ nod }' });
    await post({ query: '{ node(id: ""' });
    const count = (labels: string) =>
      readMetric(gateway.url, `sluice_operation_duration_seconds_count{${labels}}`);
    expect(await count('transport="http",type="query",outcome="ok"')).toBe(1);
    expect(await count('transport="http",type="invalid",outcome="error"')).toBe(2);
  });

  it('has none of the secrets at the level debug, nor has any answer, also where the upstream says them', async () => {
    const secret = 'planted-client-secret';
    const token = 'planted-fetched-token';
    const ims = await startScriptedUpstream();
    ims.otherwise(json(200, { access_token: token, token_type: 'bearer', expires_in: 3600 }));
    gateway = await startTestGateway(upstream.url, {
      upstream: {
        kind: 'remote',
        identity: 'a scripted upstream',
        url: new URL(upstream.url),
        organization: ORGANIZATION,
        apiKey: API_KEY,
        token: {
          kind: 'clientCredentials',
          imsUrl: ims.url,
          clientId: 'client',
          clientSecret: secret,
          scopes: ['openid'],
        },
      },
    });
    const answers: unknown[] = [];
    const tell = async () => {
      answers.push(await gateway.client.execute(IngestionStatusDocument, { ...ref, maxAgeMs: 0 }));
      answers.push(await gateway.client.execute(StartIngestionDocument, { mappingId: 'XDM44' }));
      answers.push(await (await fetch(`${gateway.url}/readyz`)).text());
    };
    upstream.otherwise(running);
    await tell();
    for (const status of [200, 400, 401, 403, 429, 500]) {
      // All but the codes and ids, which are passed on as they are.
      upstream.otherwise((response, call) => {
        const said = JSON.stringify([call.headers, token]);
        json(status, { error_code: '1', message: said, title: said, status: said })(response, call);
      });
      await tell();
    }
    await untilPollFailed();
    ims.otherwise((response, call) => json(400, { error: call.body })(response, call));
    upstream.otherwise(json(401, { error_code: '401013', message: token }));
    await tell();
    await ims.close();
    await upstream.close();
    await tell();

    // They were really used, and a lot was logged.
    expect(ims.calls[0]?.body).toContain(secret);
    expect(upstream.calls[0]?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'x-api-key': API_KEY,
    });
    expect(gateway.logLines.length).toBeGreaterThan(20);
    const said = JSON.stringify([gateway.logLines, answers]);
    for (const planted of [secret, token, API_KEY]) expect(said).not.toContain(planted);
  });

  async function untilPollFailed(): Promise<void> {
    while (!gateway.logLines.some(({ msg }) => String(msg).startsWith('A poll failed'))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
});

describe('probes', () => {
  const ask = async (path: string) => {
    const response = await fetch(`${gateway.url}${path}`);
    return { status: response.status, body: await response.json() };
  };

  it('/healthz lives, whatever the upstream does', async () => {
    gateway = await startTestGateway(upstream.url);
    await upstream.close();
    expect(await ask('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('/readyz is ready where the upstream answers, and costs it one call however often it is asked', async () => {
    gateway = await startTestGateway(upstream.url);
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/readyz')));
    expect(answers).toEqual(Array(20).fill({ status: 200, body: { status: 'ready' } }));
    expect(upstream.calls).toHaveLength(1);
  });

  it('/readyz is not ready where the upstream is down', async () => {
    gateway = await startTestGateway(upstream.url);
    await upstream.close();
    expect(await ask('/readyz')).toEqual({
      status: 503,
      body: { status: 'not ready', code: 'UPSTREAM_UNAVAILABLE', message: expect.any(String) },
    });
  });

  it('/readyz is not ready where the upstream does not answer in time', async () => {
    gateway = await startTestGateway(upstream.url, { timeoutMs: 100 });
    upstream.otherwise(hang());
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: { code: 'UPSTREAM_TIMEOUT' } });
  });

  it.each([
    [
      'its credentials are refused',
      text(401, '{"error":"invalid_client"}'),
      'UPSTREAM_UNAUTHENTICATED',
    ],
    ['the token service fails', text(500, 'Oops'), 'UPSTREAM_UNAVAILABLE'],
    ['the token service does not answer', hang(), 'UPSTREAM_TIMEOUT'],
  ])('/readyz is not ready where %s', async (_what, answer, code) => {
    const ims = await startScriptedUpstream();
    ims.otherwise(answer);
    gateway = await startTestGateway(upstream.url, {
      timeoutMs: 300,
      upstream: {
        kind: 'remote',
        identity: 'a scripted upstream',
        url: new URL(upstream.url),
        organization: ORGANIZATION,
        apiKey: API_KEY,
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
      status: 503,
      body: { status: 'not ready', code },
    });
    expect(ims.calls.length).toBeGreaterThan(0);
    await ims.close();
  });

  it('/metrics is what Prometheus reads', async () => {
    gateway = await startTestGateway(upstream.url);
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

describe('a drain', () => {
  /** Far beyond what a test may take: what a drain waits for, it does not wait for by this. */
  const patient = { timeoutMs: 600_000 };
  const quick = { callOffAfterMs: 100, cutAfterMs: 300 };
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

  it('lets what is under way finish, takes no new connection, and frees the port', async () => {
    gateway = await startTestGateway(upstream.url);
    const { answer, release } = held(finished);
    upstream.script(answer);
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    await upstream.arrived(1);
    const stopped = gateway.stop();
    await untilRefused();
    const releasedAt = performance.now();
    release();
    expect(await asked).toMatchObject({
      httpStatus: 200,
      data: { ingestionStatus: { status: 'SUCCESS' } },
    });
    await stopped;
    // Its connection, which the client would keep, is not waited for.
    expect(performance.now() - releasedAt).toBeLessThan(2_000);
    expect(await isRefused()).toBe(true);
    await expectPortFree();
    await gateway.stop();
  });

  it.each([
    ['/readyz', 503, { status: 'not ready', code: 'SHUTTING_DOWN' }],
    ['/healthz', 200, { status: 'ok' }],
    ['/graphql?query={__typename}', 503, { errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] }],
  ])('answers what still comes over an open connection: %s', async (path, status, body) => {
    gateway = await startTestGateway(upstream.url);
    const connection = await beginRequest(`GET ${path} HTTP/1.1\r\nHost: x\r\n`);
    const stopped = gateway.stop();
    await untilRefused();
    connection.write('Content-Type: application/json\r\n\r\n');
    const answer = await readText(connection);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject(body);
    await stopped;
  });

  it('closes sockets with 1012, spread over a moment', async () => {
    gateway = await startTestGateway(upstream.url);
    const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket(gateway.url)));
    const closedAt: number[] = [];
    const closed = sockets.map(async (socket) => {
      const code = await socket.closed;
      closedAt.push(performance.now());
      return code;
    });
    await gateway.stop();
    expect(await Promise.all(closed)).toEqual([1012, 1012, 1012, 1012, 1012]);
    // Four fifths of a second lie between the first and the last.
    expect(Math.max(...closedAt) - Math.min(...closedAt)).toBeGreaterThan(400);
  });

  it('is done at once where there is nothing to wait for', async () => {
    gateway = await startTestGateway(upstream.url);
    const startedAt = performance.now();
    await gateway.stop();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('calls off what an upstream never answers, and says so to who waits', async () => {
    gateway = await startTestGateway(upstream.url, patient, quick);
    upstream.otherwise(hang());
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    const started = gateway.client.execute(StartIngestionDocument, { mappingId: 'M' });
    await upstream.arrived(2);
    await gateway.stop();
    expect((await asked).errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect((await started).errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcomeUnknown: true,
    });
    await expectPortFree();
  });

  it('does not wait for a poll that nobody waits for', async () => {
    gateway = await startTestGateway(upstream.url, patient);
    upstream.script(json(200, startAnswers.submitted('XDM44', 3520)));
    upstream.otherwise(hang());
    await gateway.client.execute(StartIngestionDocument, { mappingId: 'XDM44' });
    await upstream.arrived(2);
    await gateway.stop();
    expect(gateway.logLines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it('does not wait for a token that never comes', async () => {
    const ims = await startScriptedUpstream();
    ims.otherwise(hang());
    gateway = await startTestGateway(
      upstream.url,
      {
        ...patient,
        upstream: {
          kind: 'remote',
          identity: 'a scripted upstream',
          url: new URL(upstream.url),
          organization: ORGANIZATION,
          apiKey: API_KEY,
          token: {
            kind: 'clientCredentials',
            imsUrl: ims.url,
            clientId: 'client',
            clientSecret: 'planted-client-secret',
            scopes: ['openid'],
          },
        },
      },
      quick,
    );
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    await ims.arrived(1);
    await gateway.stop();
    expect((await asked).errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await ims.close();
  });

  it('ends a subscription that is being opened', async () => {
    gateway = await startTestGateway(upstream.url, patient, quick);
    upstream.otherwise(hang());
    const client = createGraphQLClient(gateway.url);
    const { completed } = client.subscribe(IngestionStatusChangedDocument, ref);
    await upstream.arrived(1);
    await gateway.stop();
    await expect(completed).rejects.toMatchObject({ code: 1012 });
  });

  it('does not wait for a client that never answers the close', async () => {
    gateway = await startTestGateway(upstream.url);
    const connection = await upgradeByHand();
    const ended = once(connection, 'close');
    await gateway.stop();
    await ended;
  });

  it.each([
    [
      'never finishes its request',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{',
    ],
    ['never finishes its headers', 'POST /graphql HTTP/1.1\r\n'],
    ['never says anything', ''],
  ])('does not wait for a client that %s', async (_what, sent) => {
    gateway = await startTestGateway(upstream.url, {}, quick);
    const connection = await beginRequest(sent);
    connection.on('error', () => {});
    const ended = once(connection, 'close');
    await gateway.stop();
    connection.resume();
    await ended;
    await expectPortFree();
  });

  it('takes no new socket over a connection that was open before', async () => {
    gateway = await startTestGateway(
      upstream.url,
      {},
      { callOffAfterMs: 2_000, cutAfterMs: 3_000 },
    );
    const connection = await beginRequest('GET /graphql HTTP/1.1\r\nHost: x\r\n');
    const stopped = gateway.stop();
    await untilRefused();
    connection.write(upgradeHeaders);
    expect(await readText(connection)).toMatch(/^HTTP\/1\.1 503 /);
    await stopped;
  });

  /** Send the beginning of a request; it has arrived when this resolves. */
  async function beginRequest(sent: string): Promise<Socket> {
    const connection = connect(portOf(gateway), '127.0.0.1');
    await once(connection, 'connect');
    if (sent) connection.write(sent);
    // By then, for what another sends later has been answered.
    await readMetric(gateway.url, 'sluice_websockets');
    return connection;
  }

  const upgradeHeaders =
    'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n' +
    'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n';

  /** A WebSocket whose client does nothing but read. */
  async function upgradeByHand(): Promise<Socket> {
    const connection = connect(portOf(gateway), '127.0.0.1');
    connection.write(`GET /graphql HTTP/1.1\r\nHost: x\r\n${upgradeHeaders}`);
    const [answer] = await once(connection, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
    connection.resume();
    return connection;
  }
});
