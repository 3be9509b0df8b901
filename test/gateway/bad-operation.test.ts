import { describe, expect, it } from '@jest/globals';
import { forgedCursors } from '../support/forged-cursors.js';
import { type Expected, good44, toExpected, useSturdyGateway } from '../support/sturdy-gateway.js';

const gateway = useSturdyGateway();
const { post, askOverSocket } = gateway;

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
}

describe('an invalid operation, over HTTP and over a socket,', () => {
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
        'Cannot query field "nod" on type "Query". Did you mean "node" or "nodes"?',
      ],
    ],
    [
      'two unknown fields',
      { query: '{ nod foo }' },
      200,
      [
        'GRAPHQL_VALIDATION_FAILED',
        'Cannot query field "nod" on type "Query". Did you mean "node" or "nodes"?',
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
      ['GRAPHQL_VALIDATION_FAILED', 'Unknown type "Foo". Did you mean "Job"?'],
    ],
    [
      'an unknown operation name',
      { query: 'query A { __typename }', operationName: 'B' },
      400,
      ['OPERATION_RESOLUTION_FAILURE', 'Unknown operation named "B".'],
    ],
    [
      'an empty operation name, which counts as none, for several operations',
      { query: 'query A { __typename } query B { __typename }', operationName: '' },
      400,
      [
        'OPERATION_RESOLUTION_FAILURE',
        'Must provide operation name if query contains multiple operations.',
      ],
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
      'a maxAgeMs that is not a number',
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
      'a maxAgeMs that is not a number, in the document',
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
      'an empty list of mappings',
      { query: list, variables: { filter: { mappingIds: [] } } },
      200,
      ['BAD_USER_INPUT', 'mappingIds must not be empty. Leave it out for all.'],
    ],
    [
      'empty mapping ids',
      { query: '{ mappings(filter: { mappingIds: [] }) { nodes { id } } }' },
      200,
      ['BAD_USER_INPUT', 'mappingIds must not be empty. Leave it out for all.'],
    ],
    [
      'an empty list of mappings for jobs',
      { query: '{ jobs(filter: { mappingIds: [] }) { nodes { id } } }' },
      200,
      ['BAD_USER_INPUT', 'mappingIds must not be empty. Leave it out for all.'],
    ],
    [
      'a mapping id with path segments in a list',
      { query: list, variables: { filter: { mappingIds: ['a', '..'] } } },
      200,
      ['BAD_USER_INPUT', 'mappingId must not contain the path segments "." or "..".'],
    ],
    [
      'an unknown status in a list',
      { query: list, variables: { filter: { statuses: ['NOPE'] } } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$filter" got invalid value "NOPE" at "filter.statuses[0]"; Value "NOPE" does not exist in "IngestionStatus" enum.',
      ],
    ],
    [
      'a cursor that is not a string',
      { query: transitions, variables: { after: 7 } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$after" got invalid value 7; Expected type "Cursor". A Cursor is a string that this gateway created.',
      ],
    ],
    [
      'a subscription to two fields',
      { query: 'subscription { a: ingestionActivity { to } b: ingestionActivity { to } }' },
      200,
      ['GRAPHQL_VALIDATION_FAILED', 'Anonymous Subscription must select only one top level field.'],
    ],
  ];

  const conditional: [string, string, object][] = [
    [
      'variables',
      'subscription ($x: Boolean!) { ingestionActivity @skip(if: $x) { to } }',
      { x: true },
    ],
    [
      'a variable',
      'subscription ($x: Boolean!) { ingestionActivity @include(if: $x) { to } }',
      { x: true },
    ],
    [
      'a variable that is missing',
      'subscription ($x: Boolean!) { ingestionActivity @skip(if: $x) { to } }',
      {},
    ],
    ['a value', 'subscription { a: ingestionActivity @ skip(if: true) { to } }', {}],
    ['a fragment', 'subscription { ... @skip(if: true) { ingestionActivity { to } } }', {}],
    [
      'a named fragment',
      'subscription ($x: Boolean = true) { ...F } fragment F on Subscription { ...G ...F } fragment G on Subscription { ingestionActivity @skip(if: $x) { to } }',
      {},
    ],
    [
      '__typename',
      'subscription ($x: Boolean!) { ingestionActivity { to } __typename @skip(if: $x) }',
      { x: true },
    ],
  ];

  it.each(conditional)(
    'is refused: a top-level field made optional by %s',
    async (_what, query, variables) => {
      const expected = [
        [
          'GRAPHQL_VALIDATION_FAILED',
          'A subscription must not use @skip or @include at its top level. Leave them out, or use them below its field.',
        ],
      ];
      const overHttp = await post({ query, variables });
      expect(overHttp.status).toBe(400);
      expect(toExpected(overHttp.body.errors)).toEqual(expected);
      expect(toExpected((await askOverSocket({ query, variables })).errors)).toEqual(expected);
    },
  );

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
    'is refused: %s',
    async (_what, operation, httpStatus, ...expected) => {
      // Known, so that what asks for it asks the upstream nothing.
      await post({ query: good44 });
      const callCount = gateway.upstream.calls.length;
      const overHttp = await post(operation);
      expect(toExpected(overHttp.body.errors)).toEqual(expected);
      expect(overHttp.status).toBe(httpStatus);
      expect(await askOverSocket(operation)).toEqual(overHttp.body);
      expect(gateway.upstream.calls).toHaveLength(callCount);
    },
  );

  it('has the status 400 for application/graphql-response+json', async () => {
    const headers = { accept: 'application/graphql-response+json' };
    expect((await post({ query: '{ nod }' }, headers)).status).toBe(400);
    expect((await post({ query: '{ node(id: }' }, headers)).status).toBe(400);
    expect((await post({ query: statuses }, headers)).status).toBe(400);
  });

  it('is not one with an unusual request id, because ids are encoded in the query string', async () => {
    const requestId = '../../x?y=1&z#é';
    const callCount = gateway.upstream.calls.length;
    await post({ query: status, variables: { requestId } });
    expect(gateway.upstream.calls[callCount]?.rawPath).toMatch(
      /\/XDM44\/ingest\?requestId=\.\.%2F\.\.%2Fx%3Fy%3D1%26z%23%C3%A9$/,
    );
  });
});

describe('an error about a large input', () => {
  const many = (count: number, toText: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => toText(index)).join(' ');
  const filtered =
    'query ($filter: IngestionRequestFilter) { ingestionRequests(filter: $filter) { nodes { id } } }';
  const asked = 'query ($id: ID!) { node(id: $id) { id } }';
  const named =
    'query ($ids: [ID!]) { ingestionRequests(filter: { mappingIds: $ids }) { nodes { id } } }';
  const keys = Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`key${index}`, 1]));

  const cases: [string, Operation, string][] = [
    ['an object of 6,000 unknown fields', { query: filtered, variables: { filter: keys } }, 'key9'],
    ['an object in place of an id', { query: asked, variables: { id: keys } }, 'key9'],
    [
      'a list of 30,000 wrong items',
      { query: named, variables: { ids: Array(30_000).fill(0.5) } },
      '0.5, ',
    ],
    [
      'a long text in place of an enum',
      { query: filtered, variables: { filter: { statuses: ['é'.repeat(50_000)] } } },
      'é'.repeat(50),
    ],
    [
      'a long text in place of a filter',
      { query: filtered, variables: { filter: 'x'.repeat(100_000) } },
      'x'.repeat(50),
    ],
    [
      'a long name of a field',
      { query: filtered, variables: { filter: { ['x'.repeat(100_000)]: 1 } } },
      'x'.repeat(50),
    ],
    ['a long field', { query: `{ ${'x'.repeat(14_000)} }` }, 'x'.repeat(50)],
    [
      'a long text in the document',
      { query: `{ node(id: "a", x: "${'x'.repeat(14_000)}") { id } }` },
      'x'.repeat(50),
    ],
    [
      'a long text for a number',
      { query: `{ ingestionRequests(first: "${'x'.repeat(14_000)}") { nodes { id } } }` },
      'x'.repeat(50),
    ],
    [
      'a long list for a number',
      {
        query: `{ ingestionRequests(first: [${many(400, () => '1234567890')}]) { nodes { id } } }`,
      },
      '1234567890, '.repeat(50),
    ],
    [
      'a long circle of fragments',
      {
        query: `{ ...f0 } ${many(100, (i) => `fragment f${i} on Query { ...f${(i + 1) % 100} }`)}`,
      },
      '"f50"',
    ],
    [
      'one fragment name many times',
      { query: `{ __typename } ${many(100, () => 'fragment f on Query { __typename }')}` },
      'nothing',
    ],
    ['a long operation name', { query: asked, operationName: 'x'.repeat(100_000) }, 'x'.repeat(50)],
    [
      'a long alias of what fails many times',
      {
        query: `query ($requests: [IngestionRequestRef!]!) { ${'x'.repeat(10_000)}: ingestionStatuses(requests: $requests, x: 1) { status } }`,
        variables: { requests: [] },
      },
      'x'.repeat(50),
    ],
    [
      'a long alias',
      { query: `{ ${'x'.repeat(10_000)}: node(id: "nothing") { id } }` },
      'x'.repeat(50),
    ],
  ];

  it.each(cases)('is short: %s', async (_what, operation, repeated) => {
    const overHttp = await post(operation);
    for (const body of [overHttp.body, await askOverSocket(operation)]) {
      const answer = JSON.stringify(body);
      expect(body.errors?.length).toBeLessThanOrEqual(20);
      expect(answer.length).toBeLessThan(8_000);
      expect(answer).not.toContain(repeated);
      expect(answer).not.toContain('INTERNAL_SERVER_ERROR');
    }
  });

  it('is short for the variables of a subscription', async () => {
    const query = 'subscription ($ids: [ID!]) { ingestionActivity(mappingIds: $ids) { to } }';
    const { errors } = await askOverSocket({
      query,
      variables: { ids: Array(9_000).fill({}) },
    });
    expect(toExpected(errors)).toEqual([
      ...Array.from({ length: 5 }, (_, index) => [
        'BAD_USER_INPUT',
        `Variable "$ids" got invalid value {} at "ids[${index}]"; ID cannot represent value: {}`,
      ]),
      [
        'BAD_USER_INPUT',
        'Too many errors processing variables, error limit reached. Execution aborted.',
      ],
    ]);
  });

  it('is not caused by an empty operation name or empty URL parameters', async () => {
    const operation = { query: 'query A { __typename }', operationName: '' };
    const expected = { data: { __typename: 'Query' } };
    expect(await askOverSocket(operation)).toEqual(expected);
    expect((await post(JSON.stringify(operation))).body).toEqual(expected);
    const headers = { 'apollo-require-preflight': 'yes' };
    const search = 'query={__typename}&operationName=&variables=&extensions=';
    expect((await gateway.ask(`/graphql?${search}`, { headers })).body).toEqual(expected);
  });

  it('is caused by JSON nested deeper than any operation needs', async () => {
    const nested = `${'['.repeat(101)}${']'.repeat(101)}`;
    const { status, body } = await post(`{"query":"{ __typename }","variables":{"x":${nested}}}`);
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([
      ['BAD_REQUEST', 'A request may have at most 100 levels of nested lists and objects.'],
    ]);
    const search = `query={__typename}&variables={"x":${nested}}`;
    const headers = { 'apollo-require-preflight': 'yes' };
    const got = await gateway.ask(`/graphql?${search}`, { headers });
    expect(toExpected(got.body.errors)).toEqual(toExpected(body.errors));
  });

  it('is the client’s when a variable turns out to be invalid for its argument', async () => {
    const skipped = {
      query: 'query ($b: Boolean = true) { __typename @skip(if: $b) }',
      variables: { b: null },
    };
    expect((await askOverSocket(skipped)).errors?.map(({ extensions }) => extensions.code)).toEqual(
      ['BAD_USER_INPUT'],
    );
  });
});
