import { describe, expect, it } from '@jest/globals';
import {
  type Expected,
  type Operation,
  toExpected,
  useSturdyGateway,
} from '../support/sturdy-gateway.js';

const gateway = useSturdyGateway();
const { post, askOverSocket } = gateway;

describe('an invalid operation, over HTTP and over a socket,', () => {
  const status = `query ($mappingId: ID! = "XDM44", $requestId: ID! = "3520", $maxAgeMs: Int) {
    ingestionStatus(mappingId: $mappingId, requestId: $requestId, maxAgeMs: $maxAgeMs) { status }
  }`;
  const statuses =
    'query ($requests: [IngestionRequestRef!]!) { ingestionStatuses(requests: $requests) { status } }';

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
      'a subscription to two fields',
      { query: 'subscription { a: ingestionActivity { to } b: ingestionActivity { to } }' },
      200,
      ['GRAPHQL_VALIDATION_FAILED', 'Anonymous Subscription must select only one top level field.'],
    ],
  ];

  it.each(documents)('is refused: %s', (_what, operation, httpStatus, ...expected) =>
    gateway.expectRefused(operation, httpStatus, expected),
  );

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

  it('has the status 400 for application/graphql-response+json', async () => {
    const headers = { accept: 'application/graphql-response+json' };
    expect((await post({ query: '{ nod }' }, headers)).status).toBe(400);
    expect((await post({ query: '{ node(id: }' }, headers)).status).toBe(400);
    expect((await post({ query: statuses }, headers)).status).toBe(400);
  });
});
