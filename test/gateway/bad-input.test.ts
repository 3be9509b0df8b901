import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { statusAnswers } from '../support/campaign-answers.js';
import { createMemoryLog } from '../support/memory-log.js';
import { askSocket, openSocket, type RawSocket } from '../support/raw-socket.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import {
  ACCESS_TOKEN,
  API_KEY,
  startTestGateway,
  type TestGateway,
} from '../support/test-gateway.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let socket: RawSocket;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.otherwise(json(200, statusAnswers.success('XDM44', 3520)));
  gateway = await startTestGateway(upstream.url);
  socket = await openSocket(gateway.url);
});

afterAll(async () => {
  await socket.close();
  await gateway.stop();
  await upstream.close();
});

/** After each of these, the process lives, nothing was logged as a fault of its own, and it answers. */
afterEach(async () => {
  expect(gateway.logLines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  const good = { query: good44, variables: {} };
  expect(await post(good)).toMatchObject({ status: 200, body: { data: goodData } });
  expect(await askSocket(socket, good)).toEqual({ data: goodData });
});

const good44 = '{ ingestionStatus(mappingId: "XDM44", requestId: "3520") { status numRecords } }';
const goodData = { ingestionStatus: { status: 'SUCCESS', numRecords: 15 } };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly data?: unknown; readonly errors?: readonly ClientError[] };
}

interface ClientError {
  readonly message: string;
  readonly extensions: { readonly code: string };
}

type Expected = readonly [code: string, message: string];

/** No answer to anybody's nonsense says anything about the process. */
function expectNoLeak(answer: string): void {
  for (const secret of [ACCESS_TOKEN, API_KEY, process.cwd(), 'node_modules', 'file://']) {
    expect(answer).not.toContain(secret);
  }
  expect(answer).not.toMatch(/\bat \S+ \(|:\d+:\d+\)|\.[jt]s:\d+/);
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${gateway.url}${path}`, init);
  const answer = await response.text();
  expectNoLeak(answer);
  return {
    status: response.status,
    headers: response.headers,
    body: answer === '' ? {} : JSON.parse(answer),
  };
}

function post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return ask('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function toExpected(errors: readonly ClientError[] | undefined): Expected[] {
  return (errors ?? []).map(({ message, extensions }) => [extensions.code, message]);
}

async function askOverSocket(payload: unknown): Promise<Answer['body']> {
  const answer = await askSocket(socket, payload);
  expectNoLeak(JSON.stringify(answer));
  return answer as Answer['body'];
}

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
}

describe('an operation at fault is told the same over HTTP and over a socket', () => {
  const status = `query ($mappingId: ID! = "XDM44", $requestId: ID! = "3520", $maxAgeMs: Int) {
    ingestionStatus(mappingId: $mappingId, requestId: $requestId, maxAgeMs: $maxAgeMs) { status }
  }`;
  const statuses =
    'query ($requests: [IngestionRequestRef!]!) { ingestionStatuses(requests: $requests) { status } }';
  const start =
    'mutation ($input: StartIngestionInput!) { startIngestion(input: $input) { __typename } }';
  const starts =
    'mutation ($inputs: [StartIngestionInput!]!) { startIngestions(inputs: $inputs) { __typename } }';
  const transitions = `query ($first: Int! = 50, $after: Cursor) {
    ingestionStatus(mappingId: "XDM44", requestId: "3520") {
      transitions(first: $first, after: $after) { nodes { to } }
    }
  }`;

  const list = `query ($filter: IngestionRequestFilter, $first: Int! = 25, $after: Cursor) {
    ingestionRequests(filter: $filter, first: $first, after: $after) { nodes { id } }
  }`;

  const documents: [string, Operation, number, ...Expected[]][] = [
    [
      'an empty query',
      { query: '' },
      400,
      [
        'BAD_REQUEST',
        'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
      ],
    ],
    [
      'a blank query',
      { query: ' \n' },
      200,
      ['GRAPHQL_PARSE_FAILED', 'Syntax Error: Unexpected <EOF>.'],
    ],
    [
      'nothing but a comment',
      { query: '# nothing' },
      200,
      ['GRAPHQL_PARSE_FAILED', 'Syntax Error: Unexpected <EOF>.'],
    ],
    [
      'a syntax error',
      { query: '{ node(id: }' },
      200,
      ['GRAPHQL_PARSE_FAILED', 'Syntax Error: Unexpected "}".'],
    ],
    [
      'selections nested too deep for any parser',
      { query: '{ a '.repeat(1_000) },
      400,
      [
        'OPERATION_TOO_COMPLEX',
        'Syntax Error: Document contains more that 1000 tokens. Parsing aborted.',
      ],
    ],
    [
      'lists nested too deep for any parser',
      { query: `{ node(id: ${'['.repeat(1_000)}` },
      400,
      [
        'OPERATION_TOO_COMPLEX',
        'Syntax Error: Document contains more that 1000 tokens. Parsing aborted.',
      ],
    ],
    [
      'lists nested as deep as is allowed',
      { query: `{ node(id: ${'['.repeat(990)}` },
      200,
      ['GRAPHQL_PARSE_FAILED', 'Syntax Error: Unexpected <EOF>.'],
    ],
    [
      'an unknown field',
      { query: '{ nod }' },
      200,
      [
        'GRAPHQL_VALIDATION_FAILED',
        'Cannot query field "nod" on type "Query". Did you mean "node"?',
      ],
    ],
    [
      'two unknown fields',
      { query: '{ nod foo }' },
      200,
      [
        'GRAPHQL_VALIDATION_FAILED',
        'Cannot query field "nod" on type "Query". Did you mean "node"?',
      ],
      ['GRAPHQL_VALIDATION_FAILED', 'Cannot query field "foo" on type "Query".'],
    ],
    [
      'an unknown argument',
      { query: '{ node(id: "x", idd: "x") { id } }' },
      200,
      [
        'GRAPHQL_VALIDATION_FAILED',
        'Unknown argument "idd" on field "Query.node". Did you mean "id"?',
      ],
    ],
    [
      'an unknown type',
      { query: '{ node(id: "x") { ... on Foo { id } } }' },
      200,
      ['GRAPHQL_VALIDATION_FAILED', 'Unknown type "Foo".'],
    ],
    [
      'an unknown operation name',
      { query: 'query A { __typename }', operationName: 'B' },
      400,
      ['OPERATION_RESOLUTION_FAILURE', 'Unknown operation named "B".'],
    ],
    [
      'an empty operation name',
      { query: 'query A { __typename }', operationName: '' },
      400,
      ['OPERATION_RESOLUTION_FAILURE', 'Unknown operation named "".'],
    ],
    [
      'several operations and no name',
      { query: 'query A { __typename } query B { __typename }' },
      400,
      [
        'OPERATION_RESOLUTION_FAILURE',
        'Must provide operation name if query contains multiple operations.',
      ],
    ],
    [
      'a variable that is missing',
      { query: statuses },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$requests" of required type "[IngestionRequestRef!]!" was not provided.',
      ],
    ],
    [
      'a variable of another type',
      { query: status, variables: { mappingId: {} } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$mappingId" got invalid value {}; ID cannot represent value: {}',
      ],
    ],
    [
      'a negative maxAgeMs',
      { query: status, variables: { maxAgeMs: -1 } },
      200,
      ['BAD_USER_INPUT', 'maxAgeMs must be 0 or more; this is -1.'],
    ],
    [
      'a maxAgeMs that is no number',
      { query: status, variables: { maxAgeMs: 'soon' } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$maxAgeMs" got invalid value "soon"; Int cannot represent non-integer value: "soon"',
      ],
    ],
    [
      'a maxAgeMs past Int',
      { query: status, variables: { maxAgeMs: 2 ** 31 } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$maxAgeMs" got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648',
      ],
    ],
    [
      'a maxAgeMs that is no number, in the document',
      { query: '{ ingestionStatus(mappingId: "a", requestId: "1", maxAgeMs: "x") { status } }' },
      200,
      ['GRAPHQL_VALIDATION_FAILED', 'Int cannot represent non-integer value: "x"'],
    ],
    [
      '101 requests',
      {
        query: statuses,
        variables: { requests: Array(101).fill({ mappingId: 'a', requestId: '1' }) },
      },
      200,
      ['BAD_USER_INPUT', 'requests must have at most 100 items; these are 101.'],
    ],
    [
      '51 starts',
      { query: starts, variables: { inputs: Array(51).fill({ mappingId: 'a' }) } },
      200,
      ['BAD_USER_INPUT', 'inputs must have at most 50 items; these are 51.'],
    ],
    [
      'one bad start among good ones',
      { query: starts, variables: { inputs: [{ mappingId: 'a' }, { mappingId: '' }] } },
      200,
      ['BAD_USER_INPUT', 'mappingId must not be empty.'],
    ],
    [
      'a bad id in a start',
      { query: start, variables: { input: { mappingId: '../a' } } },
      200,
      ['BAD_USER_INPUT', 'mappingId must not contain the path segments "." or "..".'],
    ],
    [
      'a bad id among many requests',
      { query: statuses, variables: { requests: [{ mappingId: 'a', requestId: ' ' }] } },
      200,
      ['BAD_USER_INPUT', 'requestId must not be empty.'],
    ],
    [
      'a global id that steers',
      {
        query: 'query ($id: ID!) { node(id: $id) { id } }',
        variables: {
          id: Buffer.from('IngestionRequest:["../../x","1"]').toString('base64url'),
        },
      },
      200,
      ['BAD_USER_INPUT', 'mappingId must not contain the path segments "." or "..".'],
    ],
    ...[0, -1, 101].map((first): [string, Operation, number, Expected] => [
      `a page of ${first}`,
      { query: transitions, variables: { first } },
      200,
      ['BAD_USER_INPUT', `first must be 1 to 100; this is ${first}.`],
    ]),
    ...[0, -1, 101].map((first): [string, Operation, number, Expected] => [
      `a list of ${first}`,
      { query: list, variables: { first } },
      200,
      ['BAD_USER_INPUT', `first must be 1 to 100; this is ${first}.`],
    ]),
    [
      'a list of 101 mappings',
      { query: list, variables: { filter: { mappingIds: Array(101).fill('a') } } },
      200,
      ['BAD_USER_INPUT', 'mappingIds must have at most 100 items; these are 101.'],
    ],
    [
      'a list of a mapping id that steers',
      { query: list, variables: { filter: { mappingIds: ['a', '..'] } } },
      200,
      ['BAD_USER_INPUT', 'mappingId must not contain the path segments "." or "..".'],
    ],
    [
      'a list of a status that there is not',
      { query: list, variables: { filter: { statuses: ['NOPE'] } } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$filter" got invalid value "NOPE" at "filter.statuses[0]"; Value "NOPE" does not exist in "IngestionStatus" enum.',
      ],
    ],
    [
      'a cursor that is no text',
      { query: transitions, variables: { after: 7 } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$after" got invalid value 7; Expected type "Cursor". A Cursor is a string that this gateway gave.',
      ],
    ],
    [
      'a subscription to two fields',
      { query: 'subscription { a: ingestionActivity { to } b: ingestionActivity { to } }' },
      200,
      ['GRAPHQL_VALIDATION_FAILED', 'Anonymous Subscription must select only one top level field.'],
    ],
  ];

  const badIds: [string, string, string][] = [
    ['empty', '', 'must not be empty.'],
    ['blank', ' \t', 'must not be empty.'],
    [
      '1,000 characters long',
      'x'.repeat(1_000),
      'must be at most 255 characters long; this one has 1000.',
    ],
    ['with a NUL', 'a\0b', 'must not contain control characters or broken Unicode.'],
    [
      'with a terminal’s escape',
      '\u001b[31mred',
      'must not contain control characters or broken Unicode.',
    ],
    ['with a line end', 'a\r\nx-y: z', 'must not contain control characters or broken Unicode.'],
    ['with half a character', 'a\ud800', 'must not contain control characters or broken Unicode.'],
  ];
  const ids: typeof documents = [
    ...badIds.flatMap(([what, id, message]): typeof documents =>
      ['mappingId', 'requestId'].map((name) => [
        `a ${name} ${what}`,
        { query: status, variables: { [name]: id } },
        200,
        ['BAD_USER_INPUT', `${name} ${message}`],
      ]),
    ),
    ...['..', '.', '../x', 'x/../../y', '..\\x', './x'].map(
      (mappingId): [string, Operation, number, Expected] => [
        `the mappingId ${mappingId}`,
        { query: status, variables: { mappingId } },
        200,
        ['BAD_USER_INPUT', 'mappingId must not contain the path segments "." or "..".'],
      ],
    ),
  ];

  const cursors: typeof documents = forgedCursors().flatMap(([what, after, message]) => [
    [
      `a cursor of transitions that is ${what}`,
      { query: transitions, variables: { after } },
      200,
      ['CURSOR_INVALID', message],
    ],
    [
      `a cursor of requests that is ${what}`,
      { query: list, variables: { after } },
      200,
      ['CURSOR_INVALID', message],
    ],
  ]);

  it.each([...documents, ...ids, ...cursors])(
    '%s',
    async (_what, operation, httpStatus, ...expected) => {
      // Known, so that what asks for it asks the upstream nothing.
      await post({ query: good44 });
      const callCount = upstream.calls.length;
      const overHttp = await post(operation);
      expect(toExpected(overHttp.body.errors)).toEqual(expected);
      expect(overHttp.status).toBe(httpStatus);
      expect(await askOverSocket(operation)).toEqual(overHttp.body);
      expect(upstream.calls).toHaveLength(callCount);
    },
  );

  it('with the status 400 to those who understand application/graphql-response+json', async () => {
    const headers = { accept: 'application/graphql-response+json' };
    expect((await post({ query: '{ nod }' }, headers)).status).toBe(400);
    expect((await post({ query: '{ node(id: }' }, headers)).status).toBe(400);
    expect((await post({ query: statuses }, headers)).status).toBe(400);
  });

  it('but a request id may be any text: it stands in a query string, encoded', async () => {
    const requestId = '../../x?y=1&z#é';
    const callCount = upstream.calls.length;
    await post({ query: status, variables: { requestId } });
    expect(upstream.calls[callCount]?.rawPath).toMatch(
      /\/XDM44\/ingest\?requestId=\.\.%2F\.\.%2Fx%3Fy%3D1%26z%23%C3%A9$/,
    );
  });
});

/** What it is, the cursor, and what is said of it. */
function forgedCursors(): [string, string, string][] {
  const message = 'This gateway gave no such cursor. Leave "after" out to begin from the start.';
  return [
    ['empty', '', message],
    ['nonsense', 'forged', message],
    ['a number', '1', message],
    ['long', 'A'.repeat(10_000), message],
    ['of the right length', Buffer.alloc(16, 1).toString('base64url'), message],
    ['all zero', Buffer.alloc(16).toString('base64url'), message],
    ['of another log', createMemoryLog().toCursor(1), message],
  ];
}

describe('a subscription at fault', () => {
  const changed = `subscription ($mappingId: ID! = "XDM44", $requestId: ID! = "3520", $after: Cursor) {
    ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId, after: $after) { to }
  }`;
  const activity = `subscription ($mappingIds: [ID!], $after: Cursor) {
    ingestionActivity(mappingIds: $mappingIds, after: $after) { to }
  }`;
  const steering: Expected = [
    'BAD_USER_INPUT',
    'mappingId must not contain the path segments "." or "..".',
  ];
  const cases: [string, Operation, Expected][] = [
    ['a mapping id that steers', { query: changed, variables: { mappingId: '../x' } }, steering],
    [
      'a mapping id that steers, among good ones',
      { query: activity, variables: { mappingIds: ['a', '../x'] } },
      steering,
    ],
    [
      'an empty request id',
      { query: changed, variables: { requestId: '' } },
      ['BAD_USER_INPUT', 'requestId must not be empty.'],
    ],
    [
      'a variable of another type',
      { query: changed, variables: { mappingId: [] } },
      [
        'BAD_USER_INPUT',
        'Variable "$mappingId" got invalid value []; ID cannot represent value: []',
      ],
    ],
    [
      'a cursor that is no text',
      { query: activity, variables: { after: 7 } },
      [
        'BAD_USER_INPUT',
        'Variable "$after" got invalid value 7; Expected type "Cursor". A Cursor is a string that this gateway gave.',
      ],
    ],
    ...[0, 101].map((count): [string, Operation, Expected] => [
      `${count} mapping ids`,
      { query: activity, variables: { mappingIds: Array(count).fill('a') } },
      [
        'BAD_USER_INPUT',
        `mappingIds must have 1 to 100 items; these are ${count}. Leave it out for all mappings.`,
      ],
    ]),
    ...forgedCursors().flatMap(([what, after, message]): [string, Operation, Expected][] => [
      [
        `a cursor that is ${what}, of one request`,
        { query: changed, variables: { after } },
        ['CURSOR_INVALID', message],
      ],
      [
        `a cursor that is ${what}, of all`,
        { query: activity, variables: { after } },
        ['CURSOR_INVALID', message],
      ],
    ]),
  ];

  it.each(cases)('is ended with an error: %s', async (_what, operation, expected) => {
    const { data, errors } = await askOverSocket(operation);
    expect(toExpected(errors)).toEqual([expected]);
    expect(data).toBeUndefined();
  });

  it('is told over HTTP where to go', async () => {
    const { status, body } = await post({ query: activity });
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([
      [
        'BAD_REQUEST',
        'Subscriptions are served over WebSocket at this same address, with the subprotocol graphql-transport-ws.',
      ],
    ]);
  });
});

describe('a body at fault', () => {
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
    ['a query that is no text', '{"query":5}', 400, 'GraphQL queries must be strings.'],
    [
      'variables that are no object',
      '{"query":"{ __typename }","variables":[]}',
      400,
      '`variables` in a POST body must be an object if provided.',
    ],
    [
      'an operation name that is no text',
      '{"query":"{ __typename }","operationName":5}',
      400,
      '`operationName` in a POST body must be a string if provided.',
    ],
    [
      'more than 128 KiB',
      JSON.stringify({ query: `#${'x'.repeat(128 * 1024)}` }),
      413,
      'Request body is too large',
    ],
  ];

  it.each(cases)('%s', async (_what, body, status, message) => {
    const answer = await post(body);
    expect(toExpected(answer.body.errors)).toEqual([['BAD_REQUEST', message]]);
    expect(answer.status).toBe(status);
  });

  it.each([
    'application/xml',
    'application/graphql',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])('of the type %s', async (contentType) => {
    const answer = await post('{"query":"{ __typename }"}', { 'content-type': contentType });
    expect(toExpected(answer.body.errors)).toEqual([['BAD_REQUEST', 'Unsupported Media Type']]);
    expect(answer.status).toBe(415);
  });
});

describe('a request that another site could have a browser send', () => {
  const blocked = /^This operation has been blocked as a potential Cross-Site Request Forgery/;

  it('is refused as a POST of text', async () => {
    const { status, body } = await post('{"query":"{ __typename }"}', {
      'content-type': 'text/plain',
    });
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([['BAD_REQUEST', expect.stringMatching(blocked)]]);
  });

  it('is refused as a plain GET', async () => {
    const { status, body } = await ask('/graphql?query=%7B__typename%7D');
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([['BAD_REQUEST', expect.stringMatching(blocked)]]);
  });

  it('is not taken for one by its header', async () => {
    const headers = { 'apollo-require-preflight': 'yes' };
    const { status, body } = await ask('/graphql?query=%7B__typename%7D', { headers });
    expect([status, body]).toEqual([200, { data: { __typename: 'Query' } }]);
  });
});

describe('a GET', () => {
  const headers = { 'content-type': 'application/json' };
  const get = (query: string, rest = '') =>
    ask(`/graphql?query=${encodeURIComponent(query)}${rest}`, { headers });

  it.each([
    ['mutation', 'mutation { startIngestion(input: { mappingId: "a" }) { __typename } }'],
    ['subscription', 'subscription { ingestionActivity { to } }'],
  ])('runs no %s', async (type, query) => {
    const callCount = upstream.calls.length;
    const { status, headers, body } = await get(query);
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('POST');
    expect(toExpected(body.errors)).toEqual([
      ['BAD_REQUEST', `GET requests only support query operations, not ${type} operations`],
    ]);
    expect(upstream.calls).toHaveLength(callCount);
  });

  it('with variables that are no JSON', async () => {
    const { status, body } = await get('{ __typename }', '&variables=x');
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([
      ['BAD_REQUEST', 'The variables search parameter contains invalid JSON.'],
    ]);
  });

  it('of a browser is led to the explorer', async () => {
    const response = await fetch(`${gateway.url}/graphql`, {
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect([response.status, response.headers.get('location')]).toEqual([302, './explorer/']);
  });
});

describe('another method or another path', () => {
  it.each(['PUT', 'DELETE', 'PATCH'])('%s of GraphQL', async (method) => {
    const { status, headers, body } = await ask('/graphql', { method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET, POST');
    expect(toExpected(body.errors)).toEqual([
      ['BAD_REQUEST', 'GraphQL is asked with GET or POST.'],
    ]);
  });

  it.each([
    '/nope',
    '/graphql/',
    '/graphql/x',
    '//',
    '/explorer/nope.js',
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/explorer/..%2f..%2f..%2fpackage.json',
  ])('%s', async (path) => {
    const { status, body } = await askRaw(path);
    expect(toExpected(body.errors)).toEqual([
      ['NOT_FOUND', 'There is nothing here. GraphQL is at /graphql.'],
    ]);
    expect(status).toBe(404);
  });

  it('one that climbs out of the explorer by backslashes', async () => {
    const { status, body } = await askRaw('/explorer/..%5c..%5cpackage.json');
    expect(status).toBe(403);
    expect(toExpected(body.errors)).toEqual([['BAD_REQUEST', 'Forbidden']]);
  });

  it('one that cannot be decoded', async () => {
    const { status, body } = await askRaw('/%');
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([['BAD_REQUEST', "'/%' is not a valid url component"]]);
  });

  const webSocketHeaders = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'MDEyMzQ1Njc4OWFiY2RlZg==',
    'sec-websocket-protocol': 'graphql-transport-ws',
  };

  it.each([
    ['/', 302],
    ['/nope', 404],
    ['/graphql/', 404],
    ['/metrics', 200],
  ])('a WebSocket at %s is answered as any request is', async (path, status) => {
    expect(await askToUpgrade('GET', path, webSocketHeaders)).toMatchObject({ status });
  });

  it('an operation by a client that offers HTTP/2 with each request', async () => {
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

  it.each(['/nope', '/graphql'])('a WebSocket at %s that is reset at once', async (path) => {
    const { port } = new URL(gateway.url);
    for (let delayMs = 0; delayMs < 5; delayMs += 1) {
      const connection = connect(Number(port), '127.0.0.1');
      const head = Object.entries(webSocketHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
      connection.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n${head.join('')}\r\n`);
      await once(connection, 'connect');
      await setTimeout(delayMs);
      connection.resetAndDestroy();
      await once(connection, 'close');
    }
  });

  /** What a wish to upgrade is answered that is not granted; fetch cannot express one. */
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

  /** With the path as it stands; fetch would tidy it. */
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
