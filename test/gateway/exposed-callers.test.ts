import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import type { ExposureConfig } from '../../src/config/exposure.js';
import { anonymous } from '../../src/ingestion/caller.js';
import type { Limits } from '../../src/server/limits/limits.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { IngestionStatusChangedDocument, StartIngestionDocument } from '../generated/operations.js';
import { privateExposure } from '../support/exposure.js';
import { readMetric, untilMetric } from '../support/metrics.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import { oddMappings, type TestUpstream } from '../support/test-upstream.js';

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startTestUpstream(['XDM44', 'XDM45', 'XDM46']);
});

afterAll(() => upstream.close());

afterEach(() => gateway.stop());

async function start(limits: Partial<Limits>, rest: Partial<ExposureConfig> = {}): Promise<void> {
  const exposure = { ...privateExposure, audience: 'everybody' as const, ...rest };
  gateway = await startTestGateway(upstream.config, {
    exposure: { ...exposure, limits: { ...exposure.limits, ...limits } },
  });
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { message: string; extensions: Record<string, unknown> }[];
}

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** The mapping of each start that has arrived. */
const startedMappings = () =>
  upstream.calls.filter(({ operation }) => operation === 'start').map(({ mappingId }) => mappingId);
const codesOf = ({ errors }: Answer) => errors?.map(({ extensions }) => extensions.code);
const query = '{ __typename }';
const data = { __typename: 'Query' };

/** The HTTP status that an upgrade is answered with; 101 where it is taken. */
async function upgrade(headers: Record<string, string> = {}): Promise<number> {
  const asked = httpRequest(`${gateway.url}/graphql`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': 'graphql-transport-ws',
      ...headers,
    },
  });
  asked.end();
  const answered = once(asked, 'response');
  const upgraded = once(asked, 'upgrade').then(([response, connection]) => {
    connection.destroy();
    return [response];
  });
  const [response] = await Promise.race([answered, upgraded]);
  response.destroy();
  return response.statusCode;
}

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
    // What stands before the last address was said by whoever has that one.
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

describe('the time limit of an operation', () => {
  const silent = `(mappingId: "${oddMappings.silent}", requestId: "1")`;
  const asked = `{ ingestionStatus${silent} { status } }`;

  it('ends a query without an answer, and its other fields are answered', async () => {
    await start({ operationTimeoutMs: 50 });
    const query = asked.replace('{', '{ __typename ');
    const answer = (await (await post({ query })).json()) as Answer;
    expect(answer.data).toEqual({ __typename: 'Query', ingestionStatus: null });
    expect(answer.errors).toMatchObject([
      {
        message: 'There was no answer within 50 ms. Ask for less, or try again.',
        extensions: { code: 'OPERATION_TIMEOUT' },
      },
    ]);
  });

  it('ends each of many questions', async () => {
    await start({ operationTimeoutMs: 500 });
    const started = await gateway.client.execute(StartIngestionDocument, { mappingId: 'XDM44' });
    const outcome = started.data?.startIngestion;
    const requestId = outcome && 'request' in outcome ? outcome.request.requestId : '';
    await upstream.finish();
    const known = { mappingId: 'XDM44', requestId };
    await gateway.client.subscribe(IngestionStatusChangedDocument, known).completed;
    const refs = `[{ mappingId: "XDM44", requestId: "${requestId}" },
      { mappingId: "${oddMappings.silent}", requestId: "2" }]`;
    const query = `{ ingestionStatuses(requests: ${refs}) { status } }`;
    const answer = (await (await post({ query })).json()) as Answer;
    expect(answer.data).toEqual({ ingestionStatuses: [{ status: 'SUCCESS' }, null] });
    expect(codesOf(answer)).toEqual(['OPERATION_TIMEOUT']);
  });

  it('ends a subscription that could not be opened', async () => {
    await start({ operationTimeoutMs: 50 });
    const socket = await openSocket(gateway.url);
    const query = `subscription { ingestionStatusChanged${silent} { to } }`;
    expect(codesOf((await askSocket(socket, { query })) as Answer)).toEqual(['OPERATION_TIMEOUT']);
    await socket.close();
  });

  it('ends neither an open subscription nor a start in progress', async () => {
    await start({ operationTimeoutMs: 700 });
    const socket = await openSocket(gateway.url);
    socket.send({
      type: 'subscribe',
      id: '1',
      payload: { query: 'subscription { ingestionActivity { to request { requestId } } }' },
    });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 1);
    // Longer than an operation may take, and then the next in the same operation is not begun.
    const one = (name: string) =>
      `${name}: startIngestion(input: { mappingId: "${oddMappings.slow}" }) { __typename }`;
    const answer = (await (
      await post({ query: `mutation { ${one('a')} ${one('b')} }` })
    ).json()) as Answer;
    expect(answer.data).toEqual({ a: { __typename: 'IngestionSubmitted' }, b: null });
    expect(answer.errors).toMatchObject([
      {
        path: ['b'],
        message: 'This was not started: the fields before it took more than 700 ms.',
        extensions: { code: 'OPERATION_TIMEOUT' },
      },
    ]);
    expect(startedMappings().filter((id) => id === oddMappings.slow)).toHaveLength(1);
    const event = await socket.next();
    expect(event).toMatchObject({
      type: 'next',
      payload: { data: { ingestionActivity: { to: 'IN_PROGRESS' } } },
    });
    await socket.close();
  });
});

describe('failed sign-ins', () => {
  const key = newApiKey();
  const good = { authorization: `Bearer ${key.key}` };
  const bad = { authorization: `Bearer ${key.key}x` };

  async function startWithKey(): Promise<void> {
    gateway = await startTestGateway(upstream.config, {
      signIn: {
        accessTokens: null,
        apiKeys: [{ ...anonymous, name: 'ci', sha256: key.sha256 }],
      },
      exposure: {
        ...privateExposure,
        audience: 'callers',
        trustedProxies: ['loopback'],
        limits: { ...privateExposure.limits, maxFailedSignInsPerMinute: 3 },
      },
    });
  }

  async function signInOverSocket(payload: unknown): Promise<number | undefined> {
    const socket = await openSocket(gateway.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload });
    const closed = socket.closed;
    const acknowledged = socket.next().then(
      () => undefined,
      () => closed,
    );
    const code = await acknowledged;
    socket.webSocket.terminate();
    return code;
  }

  it('are limited per address over both transports, and lock nobody out', async () => {
    await startWithKey();
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 2; attempt += 1) {
      statuses.push((await post({ query }, bad)).status);
    }
    expect(await signInOverSocket(bad)).toBe(4401);
    // Nothing at all is no attempt.
    statuses.push((await post({ query })).status);
    expect(statuses).toEqual([401, 401, 401]);
    const limited = await post({ query }, bad);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(codesOf((await limited.json()) as Answer)).toEqual(['RATE_LIMITED']);
    expect((await fetch(`${gateway.url}/metrics`, { headers: bad })).status).toBe(429);
    expect(await signInOverSocket(bad)).toBe(4429);
    expect((await post({ query })).status).toBe(401);
    expect(await (await post({ query }, good)).json()).toEqual({ data });
    expect(await signInOverSocket(good)).toBeUndefined();
  });

  it('count for one address, whatever ports its proxy sees', async () => {
    await startWithKey();
    const statuses: number[] = [];
    for (const from of [
      '203.0.113.8:1',
      '203.0.113.8:2',
      '[::ffff:203.0.113.8]:3',
      '203.0.113.8',
    ]) {
      statuses.push((await post({ query }, { ...bad, 'x-forwarded-for': from })).status);
    }
    statuses.push((await post({ query }, { ...bad, forwarded: 'for="203.0.113.8:4"' })).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  it('are counted and logged by code, over both transports', async () => {
    await startWithKey();
    await post({ query });
    await post({ query }, bad);
    await signInOverSocket(bad);
    await post({ query }, bad);
    await post({ query }, bad);
    const answer = await fetch(`${gateway.url}/metrics`, { headers: good });
    const counts = (await answer.text()).match(/^sluice_refused_requests_total.*$/gm)?.sort();
    expect(counts).toEqual([
      'sluice_refused_requests_total{transport="http",code="RATE_LIMITED"} 1',
      'sluice_refused_requests_total{transport="http",code="UNAUTHENTICATED"} 3',
      'sluice_refused_requests_total{transport="websocket",code="4401"} 1',
    ]);
    const lines = gateway.logLines.filter(({ msg }) => String(msg).startsWith('Refused ('));
    expect(lines.map(({ code }) => code)).toEqual(['UNAUTHENTICATED', '4401', 'RATE_LIMITED']);
  });

  it('are all that a page of another site can cause', async () => {
    await startWithKey();
    const page = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    expect((await post({ query }, page)).status).toBe(401);
    expect(await (await post({ query }, { ...page, ...good })).json()).toEqual({ data });
    expect(await upgrade(page)).toBe(403);
  });
});

describe('a non-string credential in connection_init', () => {
  const odd = [
    '{ "toString": null, "valueOf": null }',
    `${'['.repeat(90)}${']'.repeat(90)}`,
    '1e400',
    'false',
  ];

  it('is refused as a failed sign-in, not as an internal error', async () => {
    gateway = await startTestGateway(upstream.config, {
      signIn: { accessTokens: null, apiKeys: [] },
      exposure: {
        ...privateExposure,
        limits: { ...privateExposure.limits, maxFailedSignInsPerMinute: odd.length },
      },
    });
    const codes: number[] = [];
    for (const authorization of [...odd, ...odd.slice(0, 1)]) {
      const socket = await openSocket(gateway.url, { isGreeted: false });
      socket.send(`{"type":"connection_init","payload":{"authorization":${authorization}}}`);
      codes.push(await socket.closed);
    }
    expect(codes).toEqual([4401, 4401, 4401, 4401, 4429]);
    expect(gateway.logLines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });
});

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
    // What is being opened has its place until it is known to be over.
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

  /** Have operations begin that nobody waits for. */
  async function abandon(count: number): Promise<void> {
    const socket = await openSocket(gateway.url);
    for (let index = 0; index < count; index += 1) {
      socket.send({ ...ask, id: `${index}` });
      socket.send({ type: 'complete', id: `${index}` });
    }
    // Answered behind them.
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
    // They are over in time, and make room.
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
    // 11 points each.
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

describe('unread answers over HTTP', () => {
  it.each(['/explorer/main.js', '/explorer/styles.css'])(
    'are cut off, and their memory is released: %s',
    async (path) => {
      await start({ operationTimeoutMs: 100 });
      const { hostname, port } = new URL(gateway.url);
      const connection = connect(Number(port), hostname).pause();
      connection.on('error', () => {});
      const cut = once(connection, 'close');
      connection.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(20));
      while ((await readMetric(gateway.url, 'sluice_http_unread_bytes')) === 0) {}
      await untilMetric(gateway.url, 'sluice_http_unread_bytes', 0);
      connection.resume();
      await cut;
    },
  );
});

describe('pages of other sites', () => {
  const other = 'https://app.example.com';

  it('cannot open a socket, while programs and own pages can', async () => {
    await start({});
    expect(await upgrade({ origin: other })).toBe(403);
    expect(await upgrade({ origin: 'null' })).toBe(403);
    expect(await upgrade({ origin: `${gateway.url}.example.com` })).toBe(403);
    expect(await upgrade({ origin: gateway.url })).toBe(101);
    expect(await upgrade()).toBe(101);
  });

  it('can call and open sockets if their site is trusted', async () => {
    await start({}, { corsOrigins: [other] });
    expect(await upgrade({ origin: other })).toBe(101);
    expect(await upgrade({ origin: 'https://other.example.com' })).toBe(403);
    const response = await post({ query }, { origin: other });
    expect(response.headers.get('access-control-allow-origin')).toBe(other);
    const stranger = await post({ query }, { origin: 'https://other.example.com' });
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
    const preflight = await fetch(`${gateway.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: other,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe(
      'authorization, content-type',
    );
  });

  it('can read errors about what they send, however early those occur', async () => {
    await start({}, { corsOrigins: [other] });
    for (const path of ['/graphql%zz', '/nothing', '/graphql?query=%7B']) {
      const answer = await fetch(`${gateway.url}${path}`, { headers: { origin: other } });
      const { headers } = answer;
      expect(await answer.json()).toMatchObject({ errors: [{}] });
      expect(headers.get('access-control-allow-origin')).toBe(other);
      expect(headers.get('access-control-expose-headers')).toBe('retry-after');
      expect(headers.get('vary')).toBe('Origin');
      const stranger = await fetch(`${gateway.url}${path}`, {
        headers: { origin: 'https://other.example.com' },
      });
      expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('receive no CORS header if no site is trusted', async () => {
    await start({});
    for (const method of ['POST', 'OPTIONS', 'GET']) {
      const { headers } = await fetch(`${gateway.url}/graphql`, {
        method,
        headers: { origin: other },
      });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('cannot frame our pages, and browsers learn what our pages may do', async () => {
    await start({});
    for (const path of ['/graphql', '/explorer/', '/healthz', '/metrics', '/nothing']) {
      const { headers } = await fetch(`${gateway.url}${path}`);
      const own = path === '/explorer/' ? 'self' : 'none';
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
      expect(headers.get('content-security-policy')).toContain(`frame-ancestors '${own}'`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });
});
