import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse, print, separateOperations } from 'graphql';
import { anyChar } from '../support/any-char.js';

/** A request over HTTP. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | string;
}

const operations = Object.values(
  separateOperations(parse(readFileSync('test/operations/ingestion.graphql', 'utf8'))),
).map(print);

/** Delete, double, swap or replace some parts of a meaningful text. */
export function mutated(parts: readonly string[], between: string): fc.Arbitrary<string> {
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
/** A fitting value most of the time, and sometimes any JSON. */
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
/** The parameters of an operation. */
export const payloads = fc.oneof(
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
/** JSON that no client library would send, for each place where JSON is read. */
export const oddValues = fc.oneof(
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

/** Requests over HTTP. */
export const requests: fc.Arbitrary<Sent> = fc.record({
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

/** Frames of a WebSocket. */
export const frames = fc.oneof(
  { weight: 3, arbitrary: oddFrames },
  { weight: 5, arbitrary: messages.map((message) => JSON.stringify(message)) },
  messages.chain((message) => mutated([...JSON.stringify(message)], '')),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('', '{}', 'null', '['.repeat(50_000), 'x'.repeat(200_000)),
);
