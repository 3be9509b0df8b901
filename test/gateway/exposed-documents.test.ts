import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { publicExposure } from '../support/exposure.js';
import { askSocket, openSocket, type RawSocket } from '../support/raw-socket.js';
import { shareGateway } from '../support/shared-gateway.js';
import { postOperation } from '../support/stream-reader.js';

let socket: RawSocket;

// Before the gateway stops.
afterAll(() => socket.close());

const { upstream, gateway } = shareGateway(async (upstream) => {
  await upstream.startElsewhere('XDM44');
  await upstream.finish();
  return { exposure: { ...publicExposure, audience: 'everybody' } };
});

beforeAll(async () => {
  socket = await openSocket(gateway.url);
});

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { message: string; extensions: { code: string } }[];
}

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const transports: [string, (operation: Operation) => Promise<Answer>][] = [
  [
    'HTTP',
    async (operation) =>
      (await (await postOperation(`${gateway.url}/graphql`, operation)).json()) as Answer,
  ],
  ['a WebSocket', async (operation) => (await askSocket(socket, operation)) as Answer],
];

const repeat = (count: number, toText: (index: number) => string, between = ' ') =>
  Array.from({ length: count }, (_, index) => toText(index)).join(between);
/** Requests nested so many levels deep, down to a scalar. */
const toChain = (levels: number) =>
  `${'retryOf { '.repeat(levels - 2)}failure { code }${' }'.repeat(levels - 2)}`;
const status = 'ingestionStatus(mappingId: "XDM44", requestId: "3520")';

const pageInfo = 'pageInfo { endCursor hasNextPage hasPreviousPage startCursor __typename }';
const usualDocuments: [string, Operation][] = [
  [
    'Relay: pages in pages, with fragments',
    {
      query: `query Page($count: Int = 10, $cursor: Cursor) { ...Mappings }
        fragment Mappings on Query { mappings(first: $count, after: $cursor) {
          edges { cursor node { __typename id mappingId ...Requests } } ${pageInfo} } }
        fragment Requests on Mapping { requests(first: 5) {
          edges { cursor node { __typename id ...Status transitions(first: 3) {
            edges { cursor node { __typename id to failure { code isRetryable } request { id } } }
            ${pageInfo} } } } ${pageInfo} } }
        fragment Status on IngestionRequest { status watch { lastFailure { code } } }`,
    },
  ],
  [
    'Relay: a refetch by id',
    {
      query: `query Refetch($id: ID!) { node(id: $id) { __typename id ... on Mapping {
        requests(first: 10) { edges { node { id batch { errors { code } } } cursor } ${pageInfo} } } } }`,
      variables: { id: 'x' },
    },
  ],
  [
    'Apollo: names of types everywhere',
    {
      query: `query List { ingestionRequests(first: 25) { __typename edges { __typename cursor node {
        __typename id status failure { __typename code } retriedBy { __typename id status }
        watch { __typename lastFailure { __typename code message } } } } ${pageInfo} } }`,
    },
  ],
];

describe.each(transports)('with the settings of production, over %s,', (_transport, ask) => {
  const tooMuch: [string, Operation, string][] = [
    [
      '15,001 characters',
      { query: `{ __typename } #${'x'.repeat(14_985)}` },
      'An operation may have at most 15000 characters; this one has 15001.',
    ],
    [
      '1,001 tokens',
      { query: `{ ${'id '.repeat(1_000)} }` },
      'Syntax Error: Document contains more that 1000 tokens. Parsing aborted.',
    ],
    [
      '16 levels',
      { query: `{ ingestionRequests { nodes { ${toChain(14)} } } }` },
      'An operation may have at most 15 levels of fields; this one has 16.',
    ],
    [
      '16 levels in fragments',
      {
        query: `{ ${status} { ...A } }
          fragment A on IngestionRequest { retryOf { retryOf { ...B } } }
          fragment B on IngestionRequest { ... { retryOf { ... on IngestionRequest { ${toChain(12)} } } } }`,
      },
      'An operation may have at most 15 levels of fields; this one has 16.',
    ],
    [
      '101 aliases (alias overloading)',
      { query: `{ ${repeat(101, (i) => `a${i}: __typename`)} }` },
      'An operation may have at most 15 aliases; this one has 101.',
    ],
    [
      'aliases in fragments that are spread again and again',
      {
        query: `{ ${status} { ...A ...A ...A ...A ...A ...A ...A ...A } }
          fragment A on IngestionRequest { a: id b: id }`,
      },
      'An operation may have at most 15 aliases; this one has 16.',
    ],
    [
      'one field again and again (field duplication)',
      { query: `{ ${'__typename '.repeat(500)} }` },
      'An operation may have at most 20 root fields; this one has 500.',
    ],
    [
      '51 directives',
      { query: `{ ${repeat(51, () => '... @include(if: true) { __typename }')} }` },
      'An operation may have at most 20 root fields; this one has 51.',
    ],
    [
      '51 directives on one field',
      { query: `{ ${status} { ${repeat(51, () => 'id @include(if: true)')} } }` },
      'An operation may have at most 50 directives; this one has 51.',
    ],
    [
      'pages in pages',
      {
        query:
          '{ ingestionRequests(first: 100) { nodes { transitions(first: 100) { nodes { to } } } } }',
      },
      'An operation may have at most 5000 points of cost; this one has 21200.',
    ],
    [
      'pages of a variable size',
      {
        query:
          'query ($n: Int!) { ingestionRequests(first: $n) { nodes { transitions(first: $n) { nodes { to } } } } }',
        variables: { n: 100 },
      },
      'An operation may have at most 5000 points of cost; this one has 21200.',
    ],
    [
      'many starts under many names',
      {
        query: `mutation ($i: [StartIngestionInput!]!) { ${repeat(10, (i) => `a${i}: startIngestions(inputs: $i) { __typename }`)} }`,
        variables: { i: Array.from({ length: 50 }, () => ({ mappingId: 'XDM44' })) },
      },
      'An operation may have at most 5000 points of cost; this one has 5500.',
    ],
  ];

  it.each(tooMuch)('an operation of %s is refused', async (_what, operation, message) => {
    const callCount = upstream.calls.length;
    const { data, errors } = await ask(operation);
    expect(data).toBeUndefined();
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['OPERATION_TOO_COMPLEX']);
    expect(errors?.[0]?.message).toBe(message);
    expect(upstream.calls).toHaveLength(callCount);
  });

  it.each(usualDocuments)('a usual document of %s is allowed', async (_whose, operation) => {
    expect((await ask(operation)).errors).toBeUndefined();
  });

  it('an operation of the maximum size is allowed', async () => {
    const query = `{ ${repeat(15, (i) => `a${i}: ${status} { ...A }`)} }
      fragment A on IngestionRequest { ${repeat(3, () => 'id @include(if: true)')} status }`;
    const { errors, data } = await ask({ query });
    expect(errors).toBeUndefined();
    expect(Object.keys(data as object)).toHaveLength(15);
  });

  it.each(['{ __schema { types { name } } }', '{ __type(name: "Query") { name } }'])(
    'the schema is hidden (introspection): %s',
    async (query) => {
      const { data, errors } = await ask({ query });
      expect(data).toBeUndefined();
      expect(errors?.map(({ extensions }) => extensions.code)).toContain(
        'GRAPHQL_VALIDATION_FAILED',
      );
    },
  );

  it('the schema is hidden from circular queries (circular introspection)', async () => {
    const query =
      '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }';
    expect((await ask({ query })).data).toBeUndefined();
  });

  const misspelt: [string, Operation][] = [
    ['a field', { query: '{ ingestionStatu { id } }' }],
    ['an argument', { query: '{ node(idd: "x") { id } }' }],
    ['a type', { query: '{ node(id: "x") { ... on IngestionReques { id } } }' }],
    [
      'a value',
      { query: '{ ingestionRequests(filter: { statuses: [SUCCES] }) { nodes { id } } }' },
    ],
    [
      'a field of an input',
      { query: '{ ingestionRequests(filter: { statuse: [] }) { nodes { id } } }' },
    ],
    [
      'a value in a variable',
      {
        query:
          'query ($s: [IngestionStatus!]) { ingestionRequests(filter: { statuses: $s }) { nodes { id } } }',
        variables: { s: ['SUCCES'] },
      },
    ],
    [
      'a field in a variable',
      {
        query:
          'query ($f: IngestionRequestFilter) { ingestionRequests(filter: $f) { nodes { id } } }',
        variables: { f: { statuse: [] } },
      },
    ],
  ];

  it.each(misspelt)(
    '%s that is misspelt gets no suggestion (field suggestions)',
    async (_what, operation) => {
      const { errors } = await ask(operation);
      expect(errors?.length).toBeGreaterThan(0);
      for (const { message } of errors ?? []) expect(message).not.toMatch(/did you mean/i);
    },
  );

  it('ten unknown directives cause fewer than ten errors (directive overloading)', async () => {
    const { errors } = await ask({ query: `{ __typename ${'@aa '.repeat(10)} }` });
    expect(errors).toHaveLength(6);
  });

  it('an internal error reveals no code and no trace (unhandled errors, trace mode)', async () => {
    const answer = JSON.stringify(await ask({ query: 'qwerty cop { abc }' }));
    expect(answer).not.toMatch(/stacktrace|"tracing"|"exception"|node_modules/);
  });
});

it('a subscription of 16 levels is refused', async () => {
  const query = `subscription { ingestionActivity { request { ${toChain(14)} } } }`;
  const { errors } = (await askSocket(socket, { query })) as Answer;
  expect(errors?.[0]).toMatchObject({
    message: 'An operation may have at most 15 levels of fields; this one has 16.',
    extensions: { code: 'OPERATION_TOO_COMPLEX' },
  });
});
