import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { createClient, fetchExchange } from '@urql/core';
import {
  type Answer,
  good44,
  goodData,
  toExpected,
  useSturdyGateway,
} from '../support/sturdy-gateway.js';

const gateway = useSturdyGateway();
const { ask, post } = gateway;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const randomLetters = () => `a${randomUUID().replaceAll('-', '')}`;

const typename = '{"query":"{ __typename }"}';
const data = { __typename: 'Query' };

describe('a stock client', () => {
  it('can be urql, which sends short queries by GET and starts by POST', async () => {
    const methods: (string | undefined)[] = [];
    const client = createClient({
      url: `${gateway.url}/graphql`,
      exchanges: [fetchExchange],
      fetch(url, options) {
        methods.push(options?.method);
        return fetch(url, options);
      },
    });
    const queried = await client.query(good44, {}).toPromise();
    expect([queried.error, queried.data]).toEqual([undefined, goodData]);
    const start = 'mutation { startIngestion(input: { mappingId: "" }) { __typename } }';
    const started = await client.mutation(start, {}).toPromise();
    expect(started.error?.graphQLErrors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(methods).toEqual(['GET', 'POST']);
  });

  describe('a client that sends hashes of its queries', () => {
    const newQuery = () => `{ ${randomLetters()}: __typename }`;
    const toExtensions = (query: string, sha256Hash = sha256(query)) => ({
      persistedQuery: { version: 1, sha256Hash },
    });
    type Params = Record<string, unknown>;
    const byGet = (params: Params) => {
      const texts = Object.entries(params).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]);
      return ask(`/graphql?${new URLSearchParams(Object.fromEntries(texts))}`);
    };
    const transports: [string, (params: Params) => Promise<Pick<Answer, 'body'>>][] = [
      ['by GET', byGet],
      ['by POST', (params) => post(params)],
      [
        'over a socket',
        async (params) => ({ body: await gateway.askOverSocket({ query: '', ...params }) }),
      ],
    ];

    it.each(transports)('is told to send the query once: %s', async (_how, send) => {
      const query = newQuery();
      const extensions = toExtensions(query);
      const unknown = await send({ extensions });
      expect(toExpected(unknown.body.errors)).toEqual([
        ['PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound'],
      ]);
      const registered = await send({ query, extensions });
      expect(registered.body.errors).toBeUndefined();
      for (const [, sendAgain] of transports) {
        expect((await sendAgain({ extensions })).body).toEqual(registered.body);
      }
    });

    it('is told so with the status 200, which Apollo’s clients expect', async () => {
      const extensions = toExtensions(newQuery());
      expect((await byGet({ extensions })).status).toBe(200);
      expect((await post({ extensions })).status).toBe(200);
    });

    it.each(transports)('is told when the hash is of another query: %s', async (_how, send) => {
      const query = newQuery();
      const extensions = toExtensions(query, 'a'.repeat(64));
      const message =
        'extensions.persistedQuery.sha256Hash must be the SHA-256 of the query as it is sent, in hexadecimal digits.';
      const refused = await send({ query, extensions });
      expect(toExpected(refused.body.errors)).toEqual([['BAD_REQUEST', message]]);
      const unknown = await send({ extensions });
      expect(toExpected(unknown.body.errors)[0]?.[0]).toBe('PERSISTED_QUERY_NOT_FOUND');
    });

    it.each([
      { version: 2, sha256Hash: 'a'.repeat(64) },
      { version: 1, sha256Hash: 5 },
      { version: 1 },
      'abc',
    ])('is told that %j is not a hash', async (persistedQuery) => {
      const message =
        'extensions.persistedQuery must have version 1, and a string as its sha256Hash.';
      const refused = await post({ query: good44, extensions: { persistedQuery } });
      expect([refused.status, toExpected(refused.body.errors)]).toEqual([
        400,
        [['BAD_REQUEST', message]],
      ]);
    });

    it('gets the same answer as with the query itself, errors included', async () => {
      const query = `{ ${randomLetters()} }`;
      const extensions = toExtensions(query);
      const { body } = await post({ query });
      expect((await post({ query, extensions })).body).toEqual(body);
      expect((await post({ extensions })).body).toEqual(body);
    });

    it('cannot send mutations by GET', async () => {
      const query = 'mutation { startIngestion(input: { mappingId: "" }) { __typename } }';
      const extensions = toExtensions(query);
      await post({ query, extensions });
      expect((await byGet({ extensions })).status).toBe(405);
    });
  });

  describe('a client that accepts compressed answers', () => {
    const name = 'a'.repeat(200);
    const refs = Array(40).fill('{ mappingId: "XDM44", requestId: "3520" }');
    const long = `{ ingestionStatuses(requests: [${refs}]) { ${name}: status } }`;
    const askLong = (encoding: string) =>
      post({ query: long }, { 'accept-encoding': encoding, accept: 'application/json' });

    it.each([
      ['gzip, deflate, br, zstd', 'br'],
      ['gzip', 'gzip'],
      ['br;q=0.1, gzip;q=0.5', 'gzip'],
      ['identity', null],
      ['zstd', null],
    ])('(%s) gets long answers in %s, shared or not', async (accepted, encoding) => {
      const data = { ingestionStatuses: Array(40).fill({ [name]: 'SUCCESS' }) };
      for (let asked = 0; asked < 2; asked += 1) {
        const answer = await askLong(accepted);
        expect([answer.headers.get('content-encoding'), answer.body]).toEqual([encoding, { data }]);
      }
    });

    it('gets short answers uncompressed', async () => {
      const answer = await post(typename, { 'accept-encoding': 'gzip, br' });
      expect([answer.headers.get('content-encoding'), answer.body]).toEqual([null, { data }]);
    });
  });

  it.each([
    '*/*',
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/graphql-response+json',
    'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
    'multipart/mixed;deferSpec=20220824,application/json',
  ])('may accept %s', async (accept) => {
    const answer = await ask('/graphql?query=%7B__typename%7D', { headers: { accept } });
    expect([answer.status, answer.body]).toEqual([200, { data }]);
  });

  it.each([
    'application/json; charset=UTF-8',
    'Application/JSON',
    'application/json;charset="utf-8"',
    'application/json; Charset=utf8',
    'application/json; odata=verbose',
  ])('may send a body of the type %s', async (type) => {
    const answer = await post(typename, { 'content-type': type });
    expect([answer.status, answer.body]).toEqual([200, { data }]);
  });

  it('may add a slash to the address', async () => {
    const headers = { 'content-type': 'application/json' };
    const asked = await ask('/graphql/', { method: 'POST', headers, body: typename });
    expect(asked.body).toEqual({ data });
    expect((await ask('/graphql/?query=%7B__typename%7D')).body).toEqual({ data });
    const browsed = await fetch(`${gateway.url}/graphql/`, { headers: { accept: 'text/html' } });
    expect([browsed.status, browsed.url]).toEqual([200, `${gateway.url}/explorer/`]);
  });

  it('may send HEAD to the health check, and OPTIONS to learn the methods', async () => {
    expect((await fetch(`${gateway.url}/healthz`, { method: 'HEAD' })).status).toBe(200);
    const options = await fetch(`${gateway.url}/graphql`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, POST, OPTIONS']);
  });

  it('may wait for 100 Continue before its body', async () => {
    const asked = httpRequest(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', expect: '100-continue' },
    });
    asked.flushHeaders();
    await once(asked, 'continue');
    asked.end(typename);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(JSON.parse(await readText(response))).toEqual({ data });
  });
});

describe('an unreadable body', () => {
  it.each([
    ['compressed', { 'content-encoding': 'gzip' }, /^The gateway accepts no compressed bodies/],
    ['of an unknown encoding', { 'content-encoding': 'x' }, /^The gateway accepts no compressed/],
    ['in UTF-16', { 'content-type': 'application/json; charset=utf-16' }, /in UTF-8\.$/],
    ['in Latin 1', { 'content-type': 'application/json;charset="iso-8859-1"' }, /in UTF-8\.$/],
  ])('is refused: %s', async (_what, headers, message) => {
    const answer = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(headers as unknown as Record<string, string>),
      },
      body: gzipSync(typename),
    });
    const { errors } = (await answer.json()) as { errors: Parameters<typeof toExpected>[0] };
    expect(answer.status).toBe(415);
    expect(toExpected(errors)).toEqual([['BAD_REQUEST', expect.stringMatching(message)]]);
  });

  it('is refused without a type', async () => {
    const [status, code, message] = await sendRaw(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${typename.length}\r\n\r\n${typename}`,
    );
    expect([status, code]).toEqual([415, 'BAD_REQUEST']);
    expect(message).toBe('Expected a body of the type application/json.');
  });
});

describe('an invalid request', () => {
  const head = 'Host: localhost\r\nConnection: close\r\n';

  it.each<[string, string, number, RegExp]>([
    ['an unknown method', `FOO /graphql HTTP/1.1\r\n${head}\r\n`, 405, /GET or POST/],
    ['a method of WebDAV', `PROPFIND /graphql HTTP/1.1\r\n${head}\r\n`, 405, /GET or POST/],
    ['a method that is never served', `TRACE /graphql HTTP/1.1\r\n${head}\r\n`, 405, /GET or POST/],
    ['a tunnel', `CONNECT evil.example:443 HTTP/1.1\r\n${head}\r\n`, 405, /GET or POST/],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, /not HTTP\/2/],
    ['HTTP/3', `GET /healthz HTTP/3.0\r\n${head}\r\n`, 400, /HTTP\/1\.1/],
    ['noise', '\x00\x01\x02\r\n\r\n', 400, /Expected an HTTP\/1\.1 request/],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00', 400, /Expected an HTTP\/1\.1 request/],
    [
      'a header without a name',
      `GET /healthz HTTP/1.1\r\n${head}: x\r\n\r\n`,
      400,
      /Expected an HTTP\/1\.1 request/,
    ],
    [
      'a long head',
      `GET /healthz HTTP/1.1\r\n${head}X: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      /16 KiB/,
    ],
    [
      'an invalid length',
      `POST /graphql HTTP/1.1\r\n${head}Content-Length: x\r\n\r\n`,
      400,
      /Expected an HTTP\/1\.1 request/,
    ],
    [
      'two lengths',
      `POST /graphql HTTP/1.1\r\n${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
      /Expected an HTTP\/1\.1 request/,
    ],
    [
      'an expectation',
      `POST /graphql HTTP/1.1\r\n${head}Expect: miracles\r\nContent-Length: 0\r\n\r\n`,
      417,
      /100-continue/,
    ],
    ['a path at fault', `GET /%E0%A4%A HTTP/1.1\r\n${head}\r\n`, 400, /cannot be decoded/],
  ])('is answered in the form of all errors: %s', async (_what, bytes, status, message) => {
    expect(await sendRaw(bytes)).toEqual([status, 'BAD_REQUEST', expect.stringMatching(message)]);
  });
});

/** Send raw bytes; returns the status, code and message of the answer, after which the connection ends. */
async function sendRaw(bytes: string): Promise<[status: number, code: string, message: string]> {
  const connection = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  connection.write(Buffer.from(bytes, 'latin1'));
  const answer = await readText(connection);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(/\r\ncontent-type: application\/json; charset=utf-8/i);
  const [error] = JSON.parse(body).errors;
  return [Number(head.split(' ')[1]), error.extensions.code, error.message];
}
