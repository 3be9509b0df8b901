import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse, print, separateOperations } from 'graphql';
import { anyChar } from '../support/any-char.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';

/** In a process of its own, which ends on a rejection that nobody handles. */
let gateway: GatewayProcess;
let url: string;
let upstream: ScriptedUpstream;
let dataDir: string;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.otherwise((response, call) =>
    json(
      200,
      call.method === 'POST'
        ? startAnswers.submitted('XDM44', 3520)
        : statusAnswers.inProgress('XDM44', 3520),
    )(response, call),
  );
  dataDir = await mkdtemp(join(tmpdir(), 'fuzz-'));
  gateway = startGatewayProcess({ upstreamUrl: upstream.url, dataDir });
  url = await gateway.url;
});

afterAll(async () => {
  agent.destroy();
  gateway.child.kill();
  await gateway.ended;
  await upstream.close();
  await rm(dataDir, { recursive: true });
});

const seed = 20_261;

/** Those that the documentation explains, but for the one that says that the gateway is broken. */
const documentedCodes = new Set(
  [...readFileSync('docs/errors.md', 'utf8').matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(
    ([, code]) => code,
  ),
);
documentedCodes.delete('INTERNAL_SERVER_ERROR');

/** A stack, or where a file of ours is. */
const INSIDE = /\\n\s+at |\n\s+at |node_modules|\/dist\/|\.[jt]s:\d+|file:\/\//;

/** Nothing of the inside is told, and each error has a code that clients can look up. */
function checkTold(text: string): void {
  expect(text).not.toMatch(INSIDE);
  for (const [, code] of text.matchAll(/"code":"([A-Z_]+)"/g)) {
    if (!documentedCodes.has(code ?? '')) throw new Error(`The code ${code}: ${text}`);
  }
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | string;
}

async function send({ method, path, headers, body }: Sent): Promise<number> {
  const asked = httpRequest(`${url}${path}`, {
    method,
    agent,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
  });
  asked.end(body);
  const [response] = await once(asked, 'response');
  checkTold(await readText(response));
  expect(response.statusCode).toBeLessThan(500);
  return response.statusCode;
}

const operations = Object.values(
  separateOperations(parse(readFileSync('test/operations/ingestion.graphql', 'utf8'))),
).map(print);

/** Cut out, put in twice, put somewhere else, or replaced: some part of a text that had a meaning. */
function mutated(parts: readonly string[], between: string): fc.Arbitrary<string> {
  const place = fc.nat({ max: Math.max(0, parts.length - 1) });
  const foreign = fc.constantFrom(
    ...['{', '}', '(', ')', '[', ']', '!', ':', '...', '@', '@skip(if: true)', '$x', '"', '"""'],
    ...[
      'null',
      '-1',
      '1e999',
      '99999999999999999999',
      'fragment',
      'on',
      '__schema',
      '\u0000',
      '\ud800',
    ],
  );
  const change = fc.record({
    kind: fc.constantFrom('cut', 'double', 'swap', 'replace'),
    at: place,
    to: place,
    foreign,
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const result = [...parts];
    for (const { kind, at, to, foreign } of changes) {
      const part = result[at] ?? '';
      if (kind === 'cut') result.splice(at, 1);
      else if (kind === 'double') result.splice(at, 0, part);
      else if (kind === 'replace') result[at] = foreign;
      else [result[at], result[to]] = [result[to] ?? '', part];
    }
    return result.join(between);
  });
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[$@]?\w+|\.\.\.|[^\s\w]/g;
const documents = fc.oneof(
  fc.constantFrom(...operations),
  fc.constantFrom(...operations).chain((operation) => mutated(operation.match(TOKENS) ?? [], ' ')),
);

const ids = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('XDM44', '3520', '../x', '\u2028', '\u0000', '..', '') },
  fc.string({ unit: anyChar, maxLength: 300 }),
);
const refs = fc.record({ mappingId: ids, requestId: ids });
/** By the names that the operations give them: what might fit, and now and then something else. */
function variable(fitting: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: fitting }, fc.jsonValue());
}
const counts = fc.oneof(fc.integer(), fc.constantFrom(1, 50, 100, 0, 1e308, 2 ** 53));
const instants = fc.oneof(
  fc.date().map((date) => JSON.parse(JSON.stringify(date)) as unknown),
  fc.constantFrom('2026-02-30T00:00:00Z', '0', '+275760-09-13T00:00:00Z'),
);
const variables = fc.record({
  mappingId: variable(ids),
  requestId: variable(ids),
  id: variable(
    fc.oneof(
      ids,
      ids.map((id) => Buffer.from(id).toString('base64')),
    ),
  ),
  after: variable(fc.oneof(fc.constant(null), ids, fc.base64String())),
  first: variable(counts),
  maxAgeMs: variable(counts),
  retryOnAbort: variable(counts),
  idempotencyKey: variable(ids),
  mappingIds: variable(fc.array(ids)),
  requests: variable(fc.array(refs)),
  inputs: variable(fc.array(fc.record({ mappingId: ids, idempotencyKey: ids }))),
  filter: variable(
    fc.record(
      {
        mappingIds: fc.array(ids),
        startedBy: ids,
        statuses: fc.subarray(['FAILED', 'SUCCESS', 'IN_PROGRESS', 'ABORTED', 'LOST']),
        observedAfter: instants,
        observedBefore: instants,
      },
      { requiredKeys: [] },
    ),
  ),
});
const payloads = fc.oneof(
  { weight: 5, arbitrary: fc.record({ query: documents, variables }) },
  fc.record(
    {
      query: fc.oneof(documents, fc.jsonValue()),
      variables: fc.jsonValue(),
      operationName: fc.oneof(fc.string(), fc.jsonValue()),
      extensions: fc.jsonValue(),
      documentId: fc.jsonValue(),
    },
    { requiredKeys: ['query'] },
  ),
);

const levels = (count: number) => `${'['.repeat(count)}${']'.repeat(count)}`;
/** JSON that no client library would send, in each place where something is read. */
const oddValues = fc.oneof(
  fc.constantFrom('1e400', '"\\ud800"', '{"toString":1,"valueOf":null}', '{"__proto__":{"x":1}}'),
  fc.constantFrom(
    '{"constructor":{"prototype":{}}}',
    '{"length":1e9}',
    '{"a":1,"a":2}',
    '[]',
    '""',
  ),
  fc.integer({ min: 1, max: 50_000 }).map(levels),
);
const oddBodies = fc
  .constantFrom('query', 'operationName', 'variables', 'extensions', 'documentId', 'a')
  .chain((name) =>
    oddValues.map((value) => `{"query":"query($a:ID!){node(id:$a){id}}","${name}":${value}}`),
  );

const bodies = fc.oneof(
  oddBodies,
  payloads.map((payload) => JSON.stringify(payload)),
  payloads.chain((payload) => mutated([...JSON.stringify(payload)], '')),
  fc.json(),
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom(
    '',
    '{}',
    'null',
    '[[{}]]',
    '{"query":1e999}',
    '{"query":"{__typename}","query":2}',
  ),
  fc
    .record({ open: fc.constantFrom('[', '{"a":', '{"variables":', '('), depth: fc.nat(20_000) })
    .map(({ open, depth }) => `{"query":"{ __typename }","variables":${open.repeat(depth)}`),
);

const requests: fc.Arbitrary<Sent> = fc.record({
  method: fc.constantFrom(
    'POST',
    'POST',
    'POST',
    'GET',
    'PUT',
    'DELETE',
    'HEAD',
    'OPTIONS',
    'PATCH',
    'QUERY',
  ),
  path: fc.oneof(
    { weight: 4, arbitrary: fc.constant('/graphql') },
    fc.webQueryParameters().map((query) => `/graphql?query=${query}&variables=${query}`),
    documents.map((query) => `/graphql?query=${encodeURIComponent(query.toWellFormed())}`),
    fc.constantFrom(
      '/',
      '/%ff',
      '/graphql/',
      '/graphql?query=%',
      '//graphql',
      '/explorer/../x',
      '/metrics/%00',
    ),
  ),
  headers: fc.record(
    {
      'content-type': fc.constantFrom(
        ...[
          'application/json',
          'application/json; charset=utf-16',
          'application/json;',
          'text/plain',
        ],
        ...['application/graphql', 'multipart/form-data', 'x', '', 'application/json, text/html'],
      ),
      accept: fc.constantFrom(
        '*/*',
        'text/html',
        'application/graphql-response+json',
        'x',
        ',,,;q=9',
      ),
      'content-encoding': fc.constantFrom('gzip', 'identity', 'br', 'x'),
      authorization: fc.constantFrom(
        'Bearer',
        'Bearer x',
        'Basic eDp4',
        'Bearer sluice_',
        'x'.repeat(9_000),
      ),
      'apollo-require-preflight': fc.constantFrom('', 'x'),
      expect: fc.constantFrom('100-continue', '100-continue', '100-continue', 'x'),
      origin: fc.constantFrom('null', 'http://x', 'x'),
      upgrade: fc.constantFrom('h2c', 'x'),
      'x-forwarded-for': fc.constantFrom('x', '1.2.3.4, x', ',,'),
    },
    { requiredKeys: [] },
  ),
  body: bodies,
});

it('survives any HTTP request', async () => {
  const property = fc.asyncProperty(requests, async (sent) => void (await send(sent)));
  await fc.assert(property, { seed, numRuns: 300 });
});

it('survives any GraphQL document, with any variables', async () => {
  const headers = { 'content-type': 'application/json' };
  const property = fc.asyncProperty(payloads, async (payload) => {
    await send({ method: 'POST', path: '/graphql', headers, body: JSON.stringify(payload) });
  });
  await fc.assert(property, { seed, numRuns: 300 });
});

/** Whether the gateway has closed what was sent these bytes, and nothing else. */
async function sendBytes(bytes: readonly (string | Uint8Array)[]): Promise<void> {
  const { hostname, port } = new URL(url);
  const connection = connect(Number(port), hostname);
  // It may close while there is more to come.
  connection.on('error', () => {});
  const chunks: Buffer[] = [];
  connection.on('data', (chunk) => chunks.push(chunk));
  const closed = once(connection, 'close');
  for (const part of bytes) connection.write(part);
  connection.end();
  await closed;
  const told = Buffer.concat(chunks).toString('latin1');
  expect(told).not.toMatch(/^HTTP\/1\.1 5/);
  checkTold(told);
}

const wellFormed =
  'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 25\r\nconnection: close\r\n\r\n{"query":"{ __typename }"}';

it('survives any bytes in place of a request', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    mutated([...wellFormed], ''),
    mutated(wellFormed.split('\r\n'), '\r\n'),
  );
  const property = fc.asyncProperty(bytes, (some) => sendBytes([some]));
  await fc.assert(property, { seed, numRuns: 100 });
});

it('survives any bytes in place of frames', async () => {
  const upgrade = `GET /graphql HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString('base64')}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`;
  const property = fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) =>
    sendBytes([upgrade, bytes]),
  );
  await fc.assert(property, { seed, numRuns: 100 });
});

const messages = fc.record(
  {
    type: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('subscribe', 'complete', 'ping', 'pong') },
      fc.constantFrom('connection_init', 'connection_ack', 'next', 'error', '', '__proto__'),
      fc.jsonValue(),
    ),
    id: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom('1', '2', '__proto__', 'constructor', 'x'.repeat(50_000)),
      },
      fc.jsonValue(),
    ),
    payload: fc.oneof({ weight: 4, arbitrary: payloads }, fc.jsonValue()),
  },
  { requiredKeys: ['type'] },
);
const oddFrames = oddValues.chain((value) =>
  fc.constantFrom(
    `{"type":"connection_init","payload":{"authorization":${value}}}`,
    `{"type":"connection_init","payload":${value}}`,
    `{"type":"ping","payload":{"a":${value}}}`,
    `{"type":"pong","payload":${value}}`,
    `{"type":"complete","id":${value}}`,
    `{"type":"subscribe","id":"3","payload":{"query":"{__typename}","variables":{"a":${value}}}}`,
    `{"type":"subscribe","id":"4","payload":{"query":"query($a:ID!){node(id:$a){id}}","variables":{"a":${value}}}}`,
    `{"type":"subscribe","id":"5","payload":{"query":"subscription($a:[ID!]){ingestionActivity(mappingIds:$a){to}}","variables":{"a":${value}}}}`,
    `{"type":"subscribe","id":"6","payload":{"query":"{__typename}","operationName":${value}}}`,
    `{"type":"subscribe","id":"7","payload":{"query":"{__typename}","extensions":${value}}}`,
  ),
);
const frames = fc.oneof(
  { weight: 3, arbitrary: oddFrames },
  { weight: 5, arbitrary: messages.map((message) => JSON.stringify(message)) },
  messages.chain((message) => mutated([...JSON.stringify(message)], '')),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('', '{}', 'null', '['.repeat(50_000), 'x'.repeat(200_000)),
);

/** What clients can do something about; 1007 and 1009 are of the WebSocket itself. */
const closeCodes = [1005, 1007, 1009, 4400, 4401, 4406, 4409, 4429];

it('survives any frames, in any order', async () => {
  const sequences = fc.array(frames, { maxLength: 12 });
  const property = fc.asyncProperty(fc.boolean(), sequences, async (isGreeted, sequence) => {
    const socket = await openSocket(url, { isGreeted });
    for (const frame of sequence) socket.send(frame);
    // Behind the answer to this all has been taken, where the socket is not closed by then.
    const sentinel = { sentinel: 'the last' };
    socket.send({ type: 'ping', payload: sentinel });
    for (;;) {
      const message = await socket.next().catch(() => null);
      if (message === null) break;
      checkTold(JSON.stringify(message));
      if (JSON.stringify(message.payload) === JSON.stringify(sentinel)) break;
    }
    socket.webSocket.close();
    expect(closeCodes).toContain(await socket.closed);
  });
  await fc.assert(property, { seed, numRuns: 100 });
});

it('has reported no internal error by then, and serves a good client', async () => {
  const body = JSON.stringify({ query: '{ __typename }' });
  const headers = { 'content-type': 'application/json' };
  expect(await send({ method: 'POST', path: '/graphql', headers, body })).toBe(200);
  const socket = await openSocket(url);
  const query = '{ ingestionStatus(mappingId: "XDM44", requestId: "3520") { status } }';
  expect(await askSocket(socket, { query })).toEqual({
    data: { ingestionStatus: { status: 'IN_PROGRESS' } },
  });
  await socket.close();
  expect(gateway.complaints).toEqual([]);
});
