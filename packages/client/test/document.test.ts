import { describe, expect, it } from '@jest/globals';
import { buildASTSchema, parse, validate } from 'graphql';
import { toPlan } from '../src/document.js';

const schema = buildASTSchema(
  parse(`scalar Cursor
  type Query { a: Int } type Mutation { a: Int }
  type T { cursor: Cursor! to: String request: R info(a: String): String }
  type R { cursor: Cursor id: ID }
  type Subscription { ingestionActivity(mappingIds: [ID!], after: Cursor): T!
    ingestionStatusChanged(mappingId: ID!, requestId: ID!, after: Cursor): T! }`),
);

const ref = 'mappingId: "{ \\" after: (", requestId: "2"';

describe('what is added to a subscription', () => {
  it.each([
    ['subscription { ingestionActivity { to } }', 'sluiceAfter', true],
    ['subscription{ingestionActivity{to}}', 'sluiceAfter', true],
    ['subscription A @x { b: ingestionActivity(mappingIds: ["1"]) { to } }', 'sluiceAfter', true],
    [
      'subscription ($ids: [ID!] = ["a"]) { ingestionActivity(mappingIds: $ids) { to } }',
      'sluiceAfter',
      true,
    ],
    ['subscription ($from: Cursor) { ingestionActivity(after: $from) { to } }', 'from', true],
    [
      'subscription ($after: Cursor) { ingestionActivity(after: $after) { to cursor } }',
      'after',
      false,
    ],
    ['subscription { ingestionActivity(after: "c") { to cursor } }', 'sluiceAfter', false],
    ['subscription { ingestionActivity(after: null) { cursor: to } }', 'sluiceAfter', true],
    [
      'subscription { ingestionActivity { other: cursor request { cursor } } }',
      'sluiceAfter',
      true,
    ],
    ['subscription { ingestionActivity { cursor @include(if: false) to } }', 'sluiceAfter', true],
    ['subscription { ingestionActivity { ... { cursor } } }', 'sluiceAfter', false],
    [
      'subscription { ingestionActivity { ... on T @skip(if: true) { cursor } } }',
      'sluiceAfter',
      true,
    ],
    [
      'subscription { ingestionActivity { ...F } } fragment F on T { ...G to } fragment G on T { cursor }',
      'sluiceAfter',
      false,
    ],
    ['fragment F on T { to } subscription { ingestionActivity { ...F } }', 'sluiceAfter', true],
    [
      'subscription { ...S } fragment S on Subscription { ingestionActivity { to } }',
      'sluiceAfter',
      true,
    ],
    [`subscription { ingestionStatusChanged(${ref}) { to } }`, 'sluiceAfter', true],
    [
      '# subscription { a }\nsubscription { ingestionActivity { info(a: """ { cursor } """) } }',
      'sluiceAfter',
      true,
    ],
  ])('%s', (query, variable, isCursorAdded) => {
    const plan = toPlan({ query });
    expect(plan).toMatchObject({ kind: 'stream', variable, isCursorAdded });
    const sent = parse(plan.kind === 'stream' ? plan.query : '');
    const known = validate(schema, sent).filter(({ message }) => !message.includes('"@x"'));
    expect(known).toEqual([]);
  });

  it('is nothing where the text has what it takes: it may be one that is listed', () => {
    const query = 'subscription A($after: Cursor) { ingestionActivity(after: $after) { cursor } }';
    expect(toPlan({ query })).toMatchObject({ query });
  });
});

it.each([
  ['c', 'subscription { ingestionActivity(after: "c") { to } }', {}],
  ['d', 'subscription ($x: Cursor) { ingestionActivity(after: $x) { to } }', { x: 'd' }],
  [null, 'subscription ($x: Cursor) { ingestionActivity(after: $x) { to } }', {}],
  ['e', '', { after: 'e' }],
])('begins after %j: %s', (after, query, variables) => {
  expect(toPlan({ query, variables })).toMatchObject({ kind: 'stream', after });
});

it.each([
  ['once', 'mutation { a }', undefined],
  ['repeatable', '{ a }', undefined],
  ['repeatable', 'query A { a }', undefined],
  ['once', '', undefined],
  ['once', 'not GraphQL', undefined],
  ['repeatable', 'mutation A { a } query B { a }', 'B'],
  ['once', 'query A { a } mutation B { a }', 'B'],
])('%s: %s', (kind, query, operationName) => {
  expect(toPlan({ query, operationName })).toEqual({ kind });
});
