import { describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { rights, toMappingScope } from '../../../src/ingestion/caller.js';
import { toCaller } from '../../../src/server/sign-in/token-claims.js';

const rules = { nameClaim: 'sub', mappingsClaim: null };
const READ = 'ingestion:read';
const START = 'ingestion:start';

describe('the claims of a token', () => {
  it.each<[JWTPayload, readonly string[]]>([
    [{}, []],
    [{ scope: 'openid ingestion:start ingestion:read' }, [READ, START]],
    [{ scope: 'ingestion:startx xingestion:read ingestion' }, []],
    [{ scope: [READ] }, [READ]],
    [{ scope: [`openid ${START}`, READ] }, [READ, START]],
    [{ scope: `openid\n${READ}  ${START}` }, [READ, START]],
    [{ scope: [[READ]], scp: null }, []],
    [{ scope: 'INGESTION:READ ingestion:read,ingestion:start' }, []],
    [{ permissions: [READ, 7, null] }, [READ]],
    [
      { scp: READ, permissions: [START], scope: 'ingestion:operate mappings:manage metrics:read' },
      rights,
    ],
    [{ scope: { [READ]: true }, permissions: 1 }, []],
  ])('%j give the rights %j', (claims, granted) => {
    expect(toCaller({ sub: 'ci', ...claims }, rules, 5)).toEqual({
      name: 'ci',
      rights: granted,
      mappings: { kind: 'all' },
      expiresAt: 5,
    });
  });

  it.each<[unknown, readonly string[]]>([
    [
      ['a', 'b*'],
      ['a', 'b*'],
    ],
    ['b*', ['b*']],
    [['*'], ['*']],
    [[], []],
    [undefined, []],
    [null, []],
    [7, ['7']],
    [
      ['a', 7],
      ['a', '7'],
    ],
    [['a', 7.5], []],
    [['a', 2 ** 53], []],
    [{ a: true }, []],
  ])('%j give the mappings %j', (m, patterns) => {
    const caller = toCaller({ sub: 'ci', m }, { ...rules, mappingsClaim: 'm' }, 5);
    expect(caller.mappings).toEqual(toMappingScope(patterns));
  });

  it('may name a caller by a number', () => {
    expect(toCaller({ sub: 7 as unknown as string }, rules, 5).name).toBe('7');
  });

  it.each<[unknown, string]>([
    [undefined, 'must be a text that is not empty'],
    [7.5, 'must be a text that is not empty'],
    [2 ** 53, 'must be a text that is not empty'],
    [['ci'], 'must be a text that is not empty'],
    [' ', 'must be a text that is not empty'],
    ['a\nb', 'must have at most 255 characters, and no control characters'],
    ['a\ud800', 'must have at most 255 characters, and no control characters'],
    ['a'.repeat(256), 'must have at most 255 characters, and no control characters'],
  ])('name nobody if the name is %j', (name, message) => {
    const named = { ...rules, nameClaim: 'client_id' };
    expect(() => toCaller({ sub: 'ci', client_id: name }, named, 5)).toThrow(
      `The claim "client_id" ${message}`,
    );
  });
});
