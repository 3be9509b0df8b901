import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { DocumentNode } from 'graphql';
import { createClient } from 'graphql-sse';
import { EventSource } from 'undici';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { askGateway } from '../support/ask-gateway.js';
import { deleteDatabase } from '../support/log-database.js';
import { untilMetric } from '../support/metrics.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import {
  multipart,
  postOperation,
  readStream,
  sse,
  toStreamUrl,
} from '../support/stream-reader.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import { oddMappings, type TestUpstream, untilLookedAt } from '../support/test-upstream.js';

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startTestUpstream();
  gateway = await startTestGateway(upstream.config);
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
});

afterEach(async () => {
  await upstream.finish();
  await untilMetric(gateway.url, 'sluice_http_streams', 0);
  await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
});

const toSubscription = (requestId: string) =>
  `subscription Changed { ingestionStatusChanged(mappingId: "XDM44", requestId: "${requestId}") { to cursor } }`;

const path = () => `${gateway.url}/graphql/stream`;
const toUrl = (query: string, base = path()) => toStreamUrl(base, query);
const post = (query: string, headers: Record<string, string>, url = path()) =>
  postOperation(url, { query }, headers);

describe.each([
  ['of its own', false],
  ['that its operations share', true],
])('a client of graphql-sse with a stream %s', (_what, singleConnection) => {
  it('gets all transitions, and answers', async () => {
    const client = createClient({ url: path(), singleConnection, retryAttempts: 0 });
    const requestId = await upstream.startElsewhere('XDM44');
    const events = client.iterate<{ ingestionStatusChanged: { to: string } }>({
      query: toSubscription(requestId),
    });
    const to = async () => (await events.next()).value?.data?.ingestionStatusChanged.to;
    expect(await to()).toBe('IN_PROGRESS');
    const answers = [];
    for await (const answer of client.iterate({ query: '{ __typename }' })) answers.push(answer);
    expect(answers).toEqual([{ data: { __typename: 'Query' } }]);
    await upstream.finish();
    expect(await to()).toBe('SUCCESS');
    expect((await events.next()).done).toBe(true);
    client.dispose();
  });

  it('learns why a subscription is refused, and may leave one', async () => {
    const client = createClient({ url: path(), singleConnection, retryAttempts: 0 });
    const refused = client.iterate({
      query: 'subscription { ingestionActivity(after: "none") { to } }',
    });
    expect((await refused.next()).value?.errors).toMatchObject([
      { extensions: { code: 'CURSOR_INVALID' } },
    ]);
    expect((await refused.next()).done).toBe(true);
    const requestId = await upstream.startElsewhere('XDM44');
    const left = client.iterate({ query: toSubscription(requestId) });
    await left.next();
    await left.return?.();
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    client.dispose();
  });
});

describe('an EventSource', () => {
  it('continues after the last event when its connection is cut, and stops at the end', async () => {
    const proxy = await startTcpProxy(gateway.url);
    const requestId = await upstream.startElsewhere('XDM44');
    const base = `${proxy.url.replace(/\/$/, '')}/graphql/stream`;
    const source = new EventSource(toUrl(toSubscription(requestId), base), {
      node: { reconnectionTime: 20 },
    });
    const got: { to: string; cursor: string; id: string }[] = [];
    const first = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<void>();
    source.addEventListener('next', (event) => {
      const { data, lastEventId } = event as unknown as { data: string; lastEventId: string };
      got.push({ ...JSON.parse(data).data.ingestionStatusChanged, id: lastEventId });
      first.resolve();
    });
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) failed.resolve();
    });
    await Promise.race([first.promise, failed.promise]);
    expect(got).toHaveLength(1);
    proxy.cut();
    await upstream.finish();
    await failed.promise;
    expect(got.map(({ to }) => to)).toEqual(['IN_PROGRESS', 'SUCCESS']);
    expect(got.map(({ id }) => id)).toEqual(got.map(({ cursor }) => cursor));
    await proxy.close();
  });

  it.each([
    ['after the terminal transition', () => 'the terminal one'],
    ['after a refusal', () => 'nothing-more'],
  ])('is told to stop when it returns %s', async (_what, toId) => {
    const requestId = await upstream.startElsewhere('XDM44');
    await upstream.finish();
    const url = toUrl(toSubscription(requestId));
    const text = await (await fetch(url, { headers: sse })).text();
    const cursor =
      /id: (\S+)\nevent: next\ndata: \{"data":\{"ingestionStatusChanged":\{"to":"SUCCESS"/.exec(
        text,
      )?.[1];
    expect(cursor).toBeDefined();
    const id = toId() === 'nothing-more' ? toId() : String(cursor);
    const again = await fetch(url, { headers: { ...sse, 'last-event-id': id } });
    expect([again.status, await again.text()]).toEqual([204, '']);
  });

  it('receives an invalid operation as an event, and is told to stop after it', async () => {
    const response = await fetch(toUrl('{ nod }'), { headers: sse });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(await response.text()).toMatch(
      /^:\n\nevent: next\ndata: \{"errors":\[.*GRAPHQL_VALIDATION_FAILED.*\]\}\n\nid: nothing-more\nevent: complete\ndata: \n\n$/,
    );
  });
});

describe('an EventSource with a temporary refusal', () => {
  it('is not told to stop, so it reconnects', async () => {
    const gone = await startTestUpstream();
    const alone = await startTestGateway(gone.config);
    await gone.close();
    const url = toUrl(toSubscription('1'), `${alone.url}/graphql/stream`);
    let text = '';
    // The circuit opens after some failures.
    while (!text.includes('retryAfterMs')) text = await (await fetch(url, { headers: sse })).text();
    expect(text).toContain('UPSTREAM_UNAVAILABLE');
    expect(text).not.toMatch(/complete|nothing-more/);
    await alone.stop();
  });
});

describe('one stream for several operations', () => {
  const reserve = async () => await (await fetch(path(), { method: 'PUT' })).text();
  const operate = (token: string, body: unknown) =>
    postOperation(path(), body, { 'x-graphql-event-stream-token': token });

  it('is reserved, opened once, and carries operations with their own ids', async () => {
    const reserved = await fetch(path(), { method: 'PUT' });
    const token = await reserved.text();
    expect([reserved.status, token.length]).toEqual([201, 32]);
    const query = toSubscription(await upstream.startElsewhere('XDM44'));
    const operation = { query, extensions: { operationId: 'a' } };
    // Before anybody reads it.
    expect((await operate(token, operation)).status).toBe(202);
    const stream = await fetch(`${path()}?token=${token}`, { headers: sse });
    const reading = readStream(stream);
    expect(await reading.until('IN_PROGRESS')).toContain(
      'event: next\ndata: {"id":"a","payload":{"data":',
    );
    const statuses = [
      await fetch(`${path()}?token=${token}`, { headers: sse }),
      await operate(token, operation),
      await operate(token, { query }),
      await operate(token, { query: '{ nod }', extensions: { operationId: 'b' } }),
      await fetch(`${path()}?operationId=a`, { method: 'DELETE' }),
      await fetch(`${path()}?token=${token}`, { method: 'DELETE' }),
      await fetch(`${path()}?token=${token}&operationId=a`, { method: 'DELETE' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([409, 409, 400, 400, 404, 400, 200]);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    await reading.leave();
  });

  it('does not exist for an unknown token, or once it was left', async () => {
    const unknown = await fetch(`${path()}?token=none`, { headers: sse });
    expect(unknown.status).toBe(404);
    const operation = { query: '{ __typename }', extensions: { operationId: 'a' } };
    expect((await operate('none', operation)).status).toBe(404);
    const token = await reserve();
    await readStream(await fetch(`${path()}?token=${token}`, { headers: sse })).leave();
    await untilMetric(gateway.url, 'sluice_http_streams', 0);
    expect((await operate(token, operation)).status).toBe(404);
  });

  it('behaves as the server of graphql-sse does', async () => {
    const reserved = await fetch(path(), { method: 'PUT' });
    expect([reserved.status, reserved.headers.get('content-type')]).toEqual([
      201,
      'text/plain; charset=utf-8',
    ]);
    const token = { 'x-graphql-event-stream-token': await reserved.text() };
    const none = { 'x-graphql-event-stream-token': 'none' };
    const json = { accept: 'application/json' };
    const operation = { query: '{ __typename }', extensions: { operationId: '1' } };
    const asked: [number, Promise<Response>][] = [
      // Without a reservation.
      [404, postOperation(path(), operation, { ...none, ...json })],
      [404, fetch(path(), { headers: { ...none, ...sse } })],
      [404, fetch(path(), { headers: { ...none, ...json } })],
      [404, fetch(`${path()}?operationId=1`, { method: 'DELETE', headers: none })],
      [404, fetch(path(), { headers: json })],
      // With one.
      [400, postOperation(path(), { query: '{ __typename }' }, token)],
      [400, postOperation(path(), { ...operation, query: '{ notThere }' }, token)],
      [400, postOperation(path(), { extensions: { operationId: '1' } }, token)],
      [400, postOperation(path(), [operation], token)],
      // A stream of its own says what is wrong with an operation.
      [200, fetch(path(), { headers: sse })],
      [200, postOperation(path(), { query: '' }, sse)],
      [400, postOperation(path(), { query: 1 }, sse)],
    ];
    const answers = await Promise.all(asked.map(([, answer]) => answer));
    expect(answers.map(({ status }) => status)).toEqual(asked.map(([status]) => status));
    for (const answer of answers.slice(-3, -1)) {
      expect(await answer.text()).toMatch(
        /^:\n\nevent: next\ndata: \{"errors":.*\}\n\nid: .*\nevent: complete\n/,
      );
    }
    // What came before is answered on a stream that is opened later; nothing of it was run.
    expect((await postOperation(path(), operation, token)).status).toBe(202);
    const reading = readStream(await fetch(path(), { headers: { ...token, ...sse } }));
    expect(await reading.until('event: complete')).toBe(
      ':\n\nevent: next\ndata: {"id":"1","payload":{"data":{"__typename":"Query"}}}\n\n' +
        'event: complete\ndata: {"id":"1"}\n\n',
    );
    await reading.leave();
  });

  it('refuses oversized bodies, mutations by GET, and other methods', async () => {
    const large = await post(`{ __typename } # ${'x'.repeat(200_000)}`, sse);
    const mutation = 'mutation { startIngestion(input: { mappingId: "XDM44" }) { __typename } }';
    const mutated = await fetch(toUrl(mutation), { headers: sse });
    const patched = await fetch(path(), { method: 'PATCH' });
    expect([large.status, mutated.status, patched.status]).toEqual([413, 405, 405]);
    expect([mutated, patched].map(({ headers }) => headers.get('allow'))).toEqual([
      'POST',
      'GET, POST, PUT, DELETE',
    ]);
  });
});

describe('a subscription in parts', () => {
  it('is sent as Apollo’s clients and routers read it', async () => {
    const query = toSubscription(await upstream.startElsewhere('XDM44'));
    const response = await post(query, multipart, `${gateway.url}/graphql`);
    expect(response.headers.get('content-type')).toBe(
      'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
    );
    const reading = readStream(response);
    await reading.until('IN_PROGRESS');
    await upstream.finish();
    const parts = (await reading.toEnd()).split('--graphql');
    expect([parts[0], parts.at(-1)]).toEqual(['\r\n', '--\r\n']);
    const bodies = parts.slice(1, -1).map((part) => {
      expect(part).toMatch(/^\r\ncontent-type: application\/json\r\n\r\n.*\r\n$/);
      return JSON.parse(part.split('\r\n\r\n')[1] ?? '');
    });
    expect(bodies).toMatchObject([
      { payload: { data: { ingestionStatusChanged: { to: 'IN_PROGRESS' } } } },
      { payload: { data: { ingestionStatusChanged: { to: 'SUCCESS' } } } },
    ]);
  });

  it('carries its own refusal; an invalid operation and a query are answered with JSON', async () => {
    const url = `${gateway.url}/graphql`;
    const refused = await post(
      'subscription { ingestionActivity(after: "none") { to } }',
      multipart,
      url,
    );
    expect(await refused.text()).toMatch(/\{"payload":\{"errors":\[.*CURSOR_INVALID.*\]\}\}/);
    const bad = await post('{ nod }', multipart, url);
    expect(await bad.json()).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    const asked = await post('{ __typename }', multipart, url);
    expect([asked.status, await asked.json()]).toEqual([200, { data: { __typename: 'Query' } }]);
  });
});

describe('Apollo Client with a subscription in parts', () => {
  const activity = gql`subscription ($after: Cursor) { ingestionActivity(after: $after) { to cursor } }`;

  function connectApollo(url: string) {
    const link = new HttpLink({ uri: `${url}/graphql` });
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return (query: DocumentNode, variables: Record<string, unknown> = {}) =>
      client.subscribe<{ ingestionActivity: { to: string; cursor: string } }>({
        query,
        variables,
        fetchPolicy: 'no-cache',
      });
  }

  it('learns that the gateway stops, and continues after its cursor at the next one', async () => {
    await using left = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), 'apollo-'));
    left.defer(() => deleteDatabase(dataDir));
    const first = await startTestGateway(upstream.config, { dataDir });
    const got: (string | undefined)[] = [];
    const seen = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<unknown>();
    const requestId = await upstream.startElsewhere('XDM44');
    const changed = gql(toSubscription(requestId));
    let cursor: string | undefined;
    connectApollo(first.url)(activity).subscribe({
      next({ data, error }) {
        if (error) {
          stopped.resolve(error);
          return;
        }
        got.push(data?.ingestionActivity.to);
        cursor = data?.ingestionActivity.cursor;
        seen.resolve();
      },
      error: stopped.resolve,
      complete: () => stopped.resolve('complete'),
    });
    connectApollo(first.url)(changed).subscribe({ next: () => {}, error: () => {} });
    await seen.promise;
    await first.stop();
    expect(await stopped.promise).toMatchObject({
      errors: [{ extensions: { code: 'SHUTTING_DOWN' } }],
    });
    await upstream.finish();
    const second = await startTestGateway(upstream.config, { dataDir });
    left.defer(() => second.stop());
    const rest = Promise.withResolvers<void>();
    const subscribed = connectApollo(second.url)(activity, { after: cursor }).subscribe({
      next({ data }) {
        got.push(data?.ingestionActivity.to);
        rest.resolve();
      },
      error: rest.reject,
    });
    await rest.promise;
    subscribed.unsubscribe();
    expect(got).toEqual(['IN_PROGRESS', 'SUCCESS']);
    await untilMetric(second.url, 'sluice_http_streams', 0);
  });

  it('completes after the terminal transition, even if nothing came before', async () => {
    const requestId = await upstream.startElsewhere('XDM44');
    await upstream.finish();
    const connected = connectApollo(gateway.url);
    let query = toSubscription(requestId);
    const follow = () =>
      new Promise<string[]>((resolve, reject) => {
        const cursors: string[] = [];
        connected(gql(query)).subscribe({
          next({ data, error }) {
            if (error) reject(error);
            else cursors.push((Object.values(data ?? {})[0] as { cursor: string }).cursor);
          },
          error: reject,
          complete: () => resolve(cursors),
        });
      });
    const cursors = await follow();
    expect(cursors).toHaveLength(1);
    query = query.replace('")', `", after: "${cursors[0]}")`);
    expect(await follow()).toEqual([]);
  });

  it('receives a refusal as a GraphQL error, and can leave silently', async () => {
    const connected = connectApollo(gateway.url);
    const refused = await new Promise((resolve, reject) => {
      connected(activity, { after: 'none' }).subscribe({ next: resolve, error: reject });
    });
    expect(refused).toMatchObject({
      error: { errors: [{ extensions: { code: 'CURSOR_INVALID' } }] },
    });
    const subscribed = connected(activity).subscribe({ next: () => {} });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 1);
    subscribed.unsubscribe();
    await untilMetric(gateway.url, 'sluice_http_streams', 0);
  });
});

describe('a client that vanishes while its subscription is opened', () => {
  it.each([
    ['events', sse, '/graphql/stream', false],
    ['events after a cursor', sse, '/graphql/stream', true],
    ['parts', multipart, '/graphql', false],
  ])('leaves nothing behind: %s', async (_what, accept, at, isResumed) => {
    upstream.hold();
    const requestId = await upstream.startElsewhere(oddMappings.held);
    const query = toSubscription(requestId).replace('XDM44', oddMappings.held);
    const { data } = await askGateway(gateway.url, '{ latestCursor }');
    const headers = isResumed ? { 'last-event-id': data.latestCursor } : {};
    const gone = new AbortController();
    const asked = fetch(toStreamUrl(`${gateway.url}${at}`, query), {
      headers: { ...accept, ...headers },
      signal: gone.signal,
    }).then(
      (response) => response.text(),
      () => null,
    );
    await untilLookedAt(upstream, requestId);
    gone.abort();
    await asked.catch(() => {});
    upstream.letGo();
    await untilMetric(gateway.url, 'sluice_http_streams', 0);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
  });
});

describe('a proxy in between', () => {
  it('is told neither to buffer a stream nor to transform it', async () => {
    const query = '{ __typename }';
    const activity = 'subscription { ingestionActivity { to } }';
    const own = await fetch(toUrl(query), { headers: { ...sse, 'accept-encoding': 'gzip, br' } });
    const parts = await post(activity, multipart, `${gateway.url}/graphql`);
    for (const { headers } of [own, parts]) {
      expect(headers.get('cache-control')).toBe('no-store, no-transform');
      expect(headers.get('x-accel-buffering')).toBe('no');
      expect(headers.get('content-encoding')).toBeNull();
    }
    await own.text();
    await parts.body?.cancel();
  });
});

describe('a gateway with sign-in and limits', () => {
  const apiKey = newApiKey();

  it('requires sign-in, finds a stream by its token, and counts and ends streams', async () => {
    const limited = await startTestGateway(upstream.config, {
      signIn: {
        accessTokens: null,
        apiKeys: [
          {
            name: 'page',
            sha256: apiKey.sha256,
            rights: ['ingestion:read'],
            expiresAt: null,
            mappings: { kind: 'all' },
          },
        ],
      },
    });
    const url = `${limited.url}/graphql/stream`;
    const authorization = `Bearer ${apiKey.key}`;
    const query = toSubscription(await upstream.startElsewhere('XDM44'));
    expect((await fetch(url, { method: 'PUT' })).status).toBe(401);
    expect((await fetch(toUrl(query, url), { headers: sse })).status).toBe(401);
    const token = await (await fetch(url, { method: 'PUT', headers: { authorization } })).text();
    const shared = readStream(await fetch(`${url}?token=${token}`, { headers: sse }));
    const own = readStream(await post(query, { ...sse, authorization }, url));
    const parts = readStream(
      await post(query, { ...multipart, authorization }, `${limited.url}/graphql`),
    );
    await shared.until(':\n\n');
    await own.until('IN_PROGRESS');
    await parts.until('IN_PROGRESS');
    const stopped = limited.stop();
    expect(await own.toEnd()).toMatch(/SHUTTING_DOWN.*\n\nevent: complete\ndata: \n\n$/);
    expect(await parts.toEnd()).toMatch(
      /\{"payload":null,"errors":\[.*SHUTTING_DOWN.*\]\}\r\n--graphql--\r\n$/,
    );
    await shared.toEnd();
    await stopped;
  });
});
