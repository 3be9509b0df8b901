import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  buildSchema,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isListType,
  isObjectType,
  parse,
} from 'graphql';
import { measureCost } from '../../../src/server/limits/operation-cost.js';

let schema: GraphQLSchema;

beforeAll(() => {
  schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
});

function costOf(query: string, variables: Record<string, unknown> = {}, name?: string) {
  const document = parse(query);
  const operation = getOperationAST(document, name);
  if (!operation) throw new Error('There is no such operation.');
  return measureCost(schema, document, operation, variables);
}

const ref = '{ mappingId: "m", requestId: "1" }';

describe('the cost of an operation', () => {
  const cases: [string, string, Record<string, unknown>, number][] = [
    ['a root field with two fields', '{ node(id: "x") { __typename id } }', {}, 10 + 2],
    ['a page of the usual size', '{ ingestionRequests { nodes { id } } }', {}, 25 * (10 + 1 + 1)],
    ['a page', '{ ingestionRequests(first: 100) { nodes { id } } }', {}, 100 * 12],
    [
      'a page of a variable size',
      'query ($n: Int! = 7) { ingestionRequests(first: $n) { nodes { id } } }',
      { n: 3 },
      3 * 12,
    ],
    [
      'a page of a variable size by default',
      'query ($n: Int! = 7) { ingestionRequests(first: $n) { nodes { id } } }',
      {},
      7 * 12,
    ],
    [
      'pages in a page',
      '{ ingestionRequests(first: 10) { nodes { transitions(first: 20) { nodes { to } } } } }',
      {},
      10 * (10 + 1 + 1 + 20 * 2),
    ],
    [
      'a batch that is looked up for each item of a page',
      '{ ingestionRequests(first: 100) { nodes { batch { batchId status } } } }',
      {},
      100 * (10 + 1 + 10 + 2),
    ],
    ['a list in the text', `{ ingestionStatuses(requests: [${ref}, ${ref}]) { id } }`, {}, 2 * 11],
    [
      'a list in a variable',
      'query ($r: [IngestionRequestRef!]!) { ingestionStatuses(requests: $r) { id } }',
      { r: Array.from({ length: 100 }) },
      100 * 11,
    ],
    [
      'starts',
      'mutation ($i: [StartIngestionInput!]!) { startIngestions(inputs: $i) { __typename } }',
      { i: Array.from({ length: 50 }) },
      50 * 11,
    ],
    ['aliases', '{ a: node(id: "x") { id } b: node(id: "x") { id } }', {}, 22],
    ['the schema', '{ __schema { types { name } } }', {}, 1_000],
    [
      'a value that is not a number',
      'query ($n: Int! = 7) { ingestionRequests(first: $n) { nodes { id } } }',
      { n: 'x' },
      12,
    ],
    ['a negative page', '{ ingestionRequests(first: -100) { nodes { id } } }', {}, 12],
    ['a subscription', 'subscription { ingestionActivity(mappingIds: ["a", "b"]) { to } }', {}, 11],
  ];

  it.each(cases)('is right for %s', (_what, query, variables, cost) => {
    expect(costOf(query, variables).cost).toBe(cost);
  });

  it('is computed quickly for nested fragments that double', () => {
    const fragments = Array.from(
      { length: 60 },
      (_, i) => `fragment F${i} on IngestionRequest { ...F${i + 1} ...F${i + 1} }`,
    );
    const query = `{ ingestionStatus(mappingId: "m", requestId: "1") { ...F0 } } ${fragments.join(' ')} fragment F60 on IngestionRequest { id }`;
    expect(costOf(query).cost).toBe(10 + 2 ** 60);
  });

  it('uses the maximum length of every list in the schema', () => {
    const lists = Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
      .flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()) : []))
      .filter(({ type }) => isListType(getNullableType(type)))
      .filter(({ args }) => !args.some(({ type }) => isListType(getNullableType(type))));
    // Pages have `first`; the errors of a batch and the rights of a caller are few.
    const names = new Set(lists.map(({ name }) => name));
    expect(names).toEqual(new Set(['edges', 'nodes', 'errors', 'rights']));
    const pages = Object.values(schema.getTypeMap())
      .flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()) : []))
      .filter(({ type }) => getNamedType(type).name.endsWith('Connection'));
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.every(({ args }) => args.some(({ name }) => name === 'first'))).toBe(true);
  });

  it('is within the limit for each documented operation, with the most items it may name', () => {
    const text = readFileSync('test/operations/ingestion.graphql', 'utf8');
    const names = [...text.matchAll(/^(?:query|mutation|subscription) (\w+)/gm)].map(([, n]) => n);
    const most = {
      requests: Array.from({ length: 100 }),
      inputs: Array.from({ length: 50 }),
      first: 100,
    };
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) expect(costOf(text, most, name).cost).toBeLessThanOrEqual(5_000);
  });
});
