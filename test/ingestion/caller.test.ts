import { describe, expect, it } from '@jest/globals';
import {
  anonymous,
  type Caller,
  checkMayStart,
  checkRight,
  isInScope,
  mayRead,
  mayStart,
  type Right,
  rights,
  toMappingScope,
  toReadableScope,
} from '../../src/ingestion/caller.js';

function caller(given: readonly Right[], ...patterns: string[]): Caller {
  return { name: 'ci', rights: given, mappings: toMappingScope(patterns), expiresAt: null };
}

describe('toMappingScope', () => {
  it.each([
    ['nothing', [], { kind: 'mappings', mappingIds: [], mappingPrefixes: [] }],
    ['ids', ['b', 'a'], { kind: 'mappings', mappingIds: ['a', 'b'], mappingPrefixes: [] }],
    ['a star alone', ['a', '*'], { kind: 'all' }],
    ['prefixes', ['w*', 'a'], { kind: 'mappings', mappingIds: ['a'], mappingPrefixes: ['w'] }],
    [
      'items that others cover',
      ['web-a', 'web-*', 'web-x*', 'web-*', 'we', 'web-'],
      { kind: 'mappings', mappingIds: ['we'], mappingPrefixes: ['web-'] },
    ],
    [
      'a star that is not at the end as part of an id',
      ['*-a', 'a*b'],
      { kind: 'mappings', mappingIds: ['*-a', 'a*b'], mappingPrefixes: [] },
    ],
  ])('reads %s', (_what, patterns, scope) => {
    expect(toMappingScope(patterns)).toEqual(scope);
  });

  it.each<[string[], string, boolean]>([
    [['crm'], 'crm', true],
    [['crm'], 'crm2', false],
    [['crm'], 'CRM', false],
    [['crm'], 'crm ', false],
    [['caf\u00e9'], 'cafe\u0301', false],
    [['caf\u00e9*'], 'cafe\u0301-1', false],
    [['crm*'], 'crm', true],
    [['crm*'], 'crm-profiles', true],
    [['crm*'], 'a-crm', false],
    [['a_*'], 'abc', false],
    [['a%*'], 'abc', false],
    [['a%*'], 'a%c', true],
    [['😀*'], '😀x', true],
    [['*'], 'anything', true],
    [[''], 'anything', false],
    [[], 'anything', false],
  ])('matches %j with %j: %j', (patterns, mappingId, isIn) => {
    expect(isInScope(toMappingScope(patterns), mappingId)).toBe(isIn);
  });
});

it('makes a scope of a hundred thousand patterns quickly', () => {
  const number = (name: string) => Array.from({ length: 50_000 }, (_, index) => `${name}${index}`);
  const prefixes = number('p').map((prefix) => `${prefix}.*`);
  expect(toMappingScope([...number('m'), ...prefixes, 'p7.x'])).toMatchObject({
    mappingIds: { length: 50_000 },
    mappingPrefixes: { length: 50_000 },
  });
});

describe('a caller', () => {
  it.each<[string, Caller, boolean, boolean]>([
    ['is anonymous', anonymous, true, true],
    ['has all rights and this mapping', caller(rights, 'crm'), true, true],
    ['has all rights and another mapping', caller(rights, 'web'), false, false],
    ['may only read', caller(['ingestion:read'], 'c*'), true, false],
    ['may only start', caller(['ingestion:start'], 'c*'), false, true],
    ['may do nothing', caller([], '*'), false, false],
  ])('may read and start a mapping as allowed if it %s', (_what, who, read, start) => {
    expect([mayRead(who, 'crm'), mayStart(who, 'crm')]).toEqual([read, start]);
  });

  it.each<[string, Caller, string[] | null, unknown]>([
    ['all, of all', anonymous, null, { kind: 'all' }],
    ['all, of some', anonymous, ['a', 'b'], { kind: 'mappings', mappingIds: ['a', 'b'] }],
    ['some, of all', caller(rights, 'a', 'w*'), null, toMappingScope(['a', 'w*'])],
    [
      'some, of some',
      caller(rights, 'a', 'w*'),
      ['a', 'b', 'w1'],
      { kind: 'mappings', mappingIds: ['a', 'w1'] },
    ],
    ['none without the right', caller([], '*'), null, { kind: 'mappings', mappingIds: [] }],
  ])('may read %s', (_what, who, mappingIds, scope) => {
    expect(toReadableScope(who, mappingIds)).toEqual(scope);
  });

  it('is told which right is missing', () => {
    expect(() => checkRight(caller([], '*'), 'metrics:read')).toThrow(
      expect.objectContaining({
        code: 'FORBIDDEN',
        message: 'This needs the right metrics:read, which you do not have.',
      }),
    );
    expect(() => checkMayStart(caller(['ingestion:read'], 'crm'), 'crm')).toThrow(
      'This needs the right ingestion:start, which you do not have.',
    );
  });

  it('is told that a mapping is not theirs, whether or not it exists', () => {
    expect(() => checkMayStart(caller(rights, 'crm'), 'web')).toThrow(
      expect.objectContaining({
        code: 'FORBIDDEN',
        message: 'You may not start ingestions of this mapping.',
      }),
    );
    expect(() => checkMayStart(caller(rights, 'crm'), 'crm')).not.toThrow();
  });
});
