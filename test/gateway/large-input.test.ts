import { describe, expect, it } from '@jest/globals';
import { type Operation, toExpected, useSturdyGateway } from '../support/sturdy-gateway.js';

const gateway = useSturdyGateway();
const { post, askOverSocket } = gateway;

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
