import { describe, expect, it } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import { anonymous, type Caller, toMappingScope } from '../../../src/ingestion/caller.js';
import { toSubscriptionKey } from '../../../src/server/operations/subscription-key.js';

function keyOf(
  query: string,
  variables: Record<string, unknown> = {},
  operationName?: string,
  caller: Caller = anonymous,
) {
  const document = parse(query);
  const operation = getOperationAST(document, operationName);
  if (!operation) throw new Error('There is no such operation.');
  return toSubscriptionKey(query, { document, operation }, variables, caller);
}

const activity =
  'subscription A($ids: [ID!], $after: Cursor) { ingestionActivity(mappingIds: $ids, after: $after) { to } }';

describe('the key of a subscription', () => {
  it('is the same wherever the subscription begins', () => {
    expect(keyOf(activity, { ids: ['a'], after: '1' })).toBe(keyOf(activity, { ids: ['a'] }));
  });

  it('is the same for any order of the variables and their fields', () => {
    const query = 'subscription ($x: X, $y: Y) { ingestionActivity(x: $x, y: $y) { to } }';
    expect(keyOf(query, { x: { a: 1, b: 2 }, y: 3 })).toBe(
      keyOf(query, { y: 3, x: { b: 2, a: 1 } }),
    );
  });

  it('omits variables that the operation does not define', () => {
    expect(keyOf(activity, { other: 1 })).toBe(keyOf(activity));
  });

  it('depends on the variables', () => {
    const keys = [{}, { ids: null }, { ids: [] }, { ids: ['a'] }, { ids: ['a', 'b'] }];
    expect(new Set(keys.map((variables) => keyOf(activity, variables))).size).toBe(keys.length);
  });

  it('depends on the text and the chosen operation', () => {
    const two =
      'subscription A { ingestionActivity { to } } subscription B { ingestionActivity { from } }';
    expect(keyOf(two, {}, 'A')).not.toBe(keyOf(two, {}, 'B'));
    expect(keyOf('subscription { ingestionActivity { to } }')).not.toBe(
      keyOf('subscription { ingestionActivity { from } }'),
    );
  });

  it('depends on what the caller may see, and not on who that is or for how long', () => {
    const keyFor = (caller: Partial<Caller>) =>
      keyOf(activity, {}, undefined, { ...anonymous, ...caller });
    const seeing = (...patterns: string[]) => keyFor({ mappings: toMappingScope(patterns) });
    const keys = [
      seeing('*'),
      seeing(),
      seeing('a'),
      seeing('a*'),
      seeing('a', 'b'),
      keyFor({ rights: ['ingestion:read'] }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(seeing('b', 'a')).toBe(seeing('a', 'b', 'a'));
    expect(keyFor({ name: 'ci', expiresAt: 1 })).toBe(keyFor({}));
  });

  it.each([
    'subscription ($after: Cursor) { ingestionActivity(after: $after) { request { transitions(after: $after) { nodes { to } } } } }',
    'subscription ($after: Cursor) { ingestionActivity(after: $after) { ...F } } fragment F on T { request { transitions(after: $after) { nodes { to } } } }',
    'subscription ($after: Cursor) { ingestionActivity { request { transitions(after: $after) { nodes { to } } } } }',
  ])('includes a cursor that events depend on: %s', (query) => {
    expect(keyOf(query, { after: '1' })).not.toBe(keyOf(query, { after: '2' }));
  });
});
