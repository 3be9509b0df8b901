import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readPersistedOperations } from '../../../src/server/operations/persisted-operations.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'manifest-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('an unusable list of operations', () => {
  const shape =
    /^PERSISTED_OPERATIONS: .*list\.json must be a JSON object of operations' texts by their hashes, or Apollo's manifest of version 1, with at least one operation\.$/;
  const cases: [string, string, RegExp][] = [
    ['no JSON', '{', /^PERSISTED_OPERATIONS: .*list\.json could not be read as JSON: /],
    ['a list', '[]', shape],
    ['nothing', '{}', shape],
    ['values that are not strings', '{"a":1}', shape],
    ['an empty text', '{"a":""}', shape],
    [
      'another version',
      '{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}',
      shape,
    ],
  ];

  it.each(cases)('is reported in one line because it is %s', (_what, text, message) => {
    const path = join(directory, 'list.json');
    writeFileSync(path, text);
    expect(() => readPersistedOperations(path)).toThrow(message);
  });

  it('is reported in one line because it is not text', () => {
    const path = join(directory, 'list.json');
    writeFileSync(path, Buffer.from('{"a":"ü"}', 'latin1'));
    expect(() => readPersistedOperations(path)).toThrow(
      `PERSISTED_OPERATIONS=${path}: expected text in UTF-8`,
    );
  });

  it('is reported in one line because it does not exist', () => {
    expect(() => readPersistedOperations(join(directory, 'none'))).toThrow(/ENOENT/);
  });
});

it.each([
  ['a byte order mark', Buffer.from('\ufeff{"a":"{ x }"}')],
  ['UTF-16', Buffer.from('\ufeff{"a":"{ x }"}', 'utf16le')],
])('a list of operations may have %s', (_, bytes) => {
  const path = join(directory, 'list.json');
  writeFileSync(path, bytes);
  expect(readPersistedOperations(path).find('a')).toBe('{ x }');
});
