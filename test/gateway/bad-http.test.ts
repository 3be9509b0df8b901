import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import {
  type Answer,
  expectNoLeak,
  good44,
  goodData,
  toExpected,
  useSturdyGateway,
} from '../support/sturdy-gateway.js';

const gateway = useSturdyGateway();
const { ask, post } = gateway;

describe('an invalid body', () => {
  const empty = 'POST body missing, invalid Content-Type, or JSON object has no keys.';
  const noJson = "Body is not valid JSON but content-type is set to 'application/json'";
  const cases: [string, string, number, string][] = [
    ['no body', '', 400, "Body cannot be empty when content-type is set to 'application/json'"],
    ['half a body', '{"query":', 400, noJson],
    ['text', 'query', 400, noJson],
    ['a prototype', '{"query":"{ __typename }","__proto__":{"x":1}}', 400, noJson],
    ['null', 'null', 400, empty],
    ['a number', '5', 400, empty],
    ['a text', '"x"', 400, empty],
    ['an empty object', '{}', 400, empty],
    ['an empty list', '[]', 400, 'Operation batching disabled.'],
    ['a batch', '[{"query":"{ __typename }"}]', 400, 'Operation batching disabled.'],
    [
      'no query',
      '{"variables":{}}',
      400,
      'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
    ],
    ['a query that is not a string', '{"query":5}', 400, 'GraphQL queries must be strings.'],
    [
      'variables that are not an object',
      '{"query":"{ __typename }","variables":[]}',
      400,
      '`variables` in a POST body must be an object if provided.',
    ],
    [
      'an operation name that is not a string',
      '{"query":"{ __typename }","operationName":5}',
      400,
      '`operationName` in a POST body must be a string if provided.',
    ],
    [
      'more than 128 KiB',
      JSON.stringify({ query: `#${'x'.repeat(128 * 1024)}` }),
      413,
      'A body may have at most 131072 bytes.',
    ],
  ];

  it.each(cases)('is refused: %s', async (_what, body, status, message) => {
    const answer = await post(body);
    expect(toExpected(answer.body.errors)).toEqual([['BAD_REQUEST', message]]);
    expect(answer.status).toBe(status);
  });

  it('is answered so that proxies and caches store neither answers nor errors', async () => {
    const paths = [
      `/graphql?query=${encodeURIComponent(good44)}`,
      '/graphql?query=%7B',
      '/graphql%zz',
      '/nothing',
      '/healthz',
      '/readyz',
      '/metrics',
    ];
    for (const path of paths) {
      const { headers } = await fetch(`${gateway.url}${path}`);
      expect([path, headers.get('cache-control')]).toEqual([path, 'no-store']);
    }
    expect((await post({ query: good44 })).headers.get('cache-control')).toBe('no-store');
    expect((await post('')).headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    'application/xml',
    'application/graphql',
    'application/x-www-form-urlencoded',
    'text/plain',
    'text/plain;application/json',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])('is refused with the type %s', async (contentType) => {
    const answer = await post('{"query":"{ __typename }"}', { 'content-type': contentType });
    expect(toExpected(answer.body.errors)).toEqual([
      ['BAD_REQUEST', 'Expected a body of the type application/json.'],
    ]);
    expect(answer.status).toBe(415);
  });
});

describe('a GET', () => {
  const headers = { 'content-type': 'application/json' };
  const get = (query: string, rest = '') =>
    ask(`/graphql?query=${encodeURIComponent(query)}${rest}`, { headers });

  it.each([
    ['mutation', 'mutation { startIngestion(input: { mappingId: "a" }) { __typename } }'],
    ['subscription', 'subscription { ingestionActivity { to } }'],
  ])('refuses a %s', async (type, query) => {
    const callCount = gateway.upstream.calls.length;
    const { status, headers, body } = await get(query);
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('POST');
    expect(toExpected(body.errors)).toEqual([
      ['BAD_REQUEST', `GET requests only support query operations, not ${type} operations`],
    ]);
    expect(gateway.upstream.calls).toHaveLength(callCount);
  });

  it('refuses variables that are not JSON', async () => {
    const { status, body } = await get('{ __typename }', '&variables=x');
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([
      ['BAD_REQUEST', 'The variables search parameter contains invalid JSON.'],
    ]);
  });

  it('redirects a browser to the explorer', async () => {
    const response = await fetch(`${gateway.url}/graphql`, {
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect([response.status, response.headers.get('location')]).toEqual([302, './explorer/']);
  });
});

describe('another method or path', () => {
  it.each(['PUT', 'DELETE', 'PATCH'])('is refused for GraphQL: %s', async (method) => {
    const { status, headers, body } = await ask('/graphql', { method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET, POST');
    expect(toExpected(body.errors)).toEqual([['BAD_REQUEST', 'Use GET or POST for GraphQL.']]);
  });

  it.each([
    '/nope',
    '/graphql/x',
    '//',
    '/explorer/nope.js',
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/explorer/..%2f..%2f..%2fpackage.json',
  ])('is not found: %s', async (path) => {
    const { status, body } = await askRaw(path);
    expect(toExpected(body.errors)).toEqual([
      ['NOT_FOUND', 'There is nothing here. GraphQL is at /graphql.'],
    ]);
    expect(status).toBe(404);
  });

  it('is refused if it leaves the explorer through backslashes', async () => {
    const { status, body } = await askRaw('/explorer/..%5c..%5cpackage.json');
    expect(status).toBe(403);
    expect(toExpected(body.errors)).toEqual([['BAD_REQUEST', 'Forbidden']]);
  });

  it('is refused if it cannot be decoded', async () => {
    const { status, body } = await askRaw('/%');
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([
      ['BAD_REQUEST', 'The path of the URL cannot be decoded: a % must precede two hex digits.'],
    ]);
  });

  const webSocketHeaders = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
    'sec-websocket-protocol': 'graphql-transport-ws',
  };

  it.each([
    ['/', 200],
    ['/nope', 404],
    ['/metrics', 200],
  ])('is answered as usual for a WebSocket upgrade at %s', async (path, status) => {
    expect(await askToUpgrade('GET', path, webSocketHeaders)).toMatchObject({ status });
  });

  it('may be an operation of a client that offers HTTP/2 in each request', async () => {
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA',
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ query: good44 });
    const { status, text } = await askToUpgrade('POST', '/graphql', headers, body);
    expect([status, JSON.parse(text)]).toEqual([200, { data: goodData }]);
  });

  it.each(['/nope', '/graphql'])(
    'does no harm if it is a WebSocket at %s that is reset immediately',
    async (path) => {
      const { port } = new URL(gateway.url);
      for (let delayMs = 0; delayMs < 5; delayMs += 1) {
        const connection = connect(Number(port), '127.0.0.1');
        const head = Object.entries(webSocketHeaders).map(
          ([name, value]) => `${name}: ${value}\r\n`,
        );
        connection.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${head.join('')}\r\n`);
        await once(connection, 'connect');
        await setTimeout(delayMs);
        connection.resetAndDestroy();
        await once(connection, 'close');
      }
    },
  );

  /** The answer to a refused upgrade, which fetch cannot send. */
  async function askToUpgrade(
    method: string,
    path: string,
    headers: Record<string, string>,
    body = '',
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { port } = new URL(gateway.url);
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, text: await readText(response) };
  }

  /** Send the path unchanged, which fetch would normalize. */
  async function askRaw(path: string): Promise<Pick<Answer, 'status' | 'body'>> {
    const { port } = new URL(gateway.url);
    const { promise, resolve, reject } = Promise.withResolvers<Pick<Answer, 'status' | 'body'>>();
    httpRequest({ host: '127.0.0.1', port, path, agent: false }, async (response) => {
      const answer = await readText(response);
      expectNoLeak(answer);
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) });
    })
      .on('error', reject)
      .end();
    return promise;
  }
});
