import { describe, expect, it } from '@jest/globals';
import { GOOD, parse } from '../support/good-mapping.js';

describe('a mapping file', () => {
  it.each<[string, string, string, number, RegExp]>([
    ['an id that YAML reads as a number', 'id: 42', 'id: "42"', 1, /^id: .*expected string/],
    [
      'a wrong word',
      'execution: paused',
      'execution: stopped',
      5,
      /^execution: .*"started"\|"stopped"/,
    ],
    [
      'one that is started and not published',
      'publication: unpublished\nexecution: started',
      'publication: published\nexecution: stopped',
      5,
      /^execution: a mapping that is not published is stopped$/,
    ],
    ['an interval of nothing', 'every: 0m', 'recordsPerSecond: 10', 8, /^every: expected an inter/],
    ['an interval that is too long', 'every: 8d', 'recordsPerSecond: 10', 8, /^every: expected/],
    ['an unknown key', 'pace: 10', 'recordsPerSecond: 10', 8, /^pace: unknown key$/],
    ['a pace of nothing', 'recordsPerSecond: 0', 'recordsPerSecond: 10', 8, /^recordsPerSecond: /],
    ['a source of another kind', 'kind: xlsx', 'kind: csv', 3, /^source\.kind: /],
    ['a source that lacks something', 'kind: sqlite', 'kind: csv', 3, /^source\.table: /],
    ['no key', '', 'key: id\n', 1, /^key: expected the name of a column$/],
    [
      'a dataset that is none',
      'dataset: profiles',
      'dataset: 6563a1f0c4d2e8b79a015e01',
      7,
      /^dataset: expected the id of Platform's dataset: 24 hexadecimal digits$/,
    ],
    [
      'a limit that is none',
      'maxRejected: some',
      'maxRejected: 5%',
      9,
      /^maxRejected: expected a number of records, or a percentage such as 5%$/,
    ],
    [
      'more than all of it',
      'maxRejected: 101%',
      'maxRejected: 5%',
      9,
      /^maxRejected: expected a number/,
    ],
    ['a path that is none', 'to: a..b', 'to: _id', 11, /^fields\.0\.to: expected an XDM path/],
    ['a prototype', 'to: a.__proto__.b', 'to: _id', 11, /__proto__ is not an XDM name/],
    [
      'half an identity',
      'to: identityMap',
      'to: _id',
      11,
      /expected identityMap and one namespace/,
    ],
    [
      'a path used twice',
      'to: x }\n  - { column: b, to: x }',
      'to: _id }',
      12,
      /^fields\.1\.to: x is mapped twice$/,
    ],
    [
      'a path through a value',
      'to: x }\n  - { column: b, to: x.y }',
      'to: _id }',
      12,
      /x\.y and x cannot both/,
    ],
    ['an unknown conversion', 'to: _id, as: int', 'to: _id', 11, /^fields\.0\.as: /],
    ['a pattern that is none', 'to: _id, pattern: "("', 'to: _id', 11, /expected a regular expr/],
    ['an enumeration of nothing', 'to: _id, enum: []', 'to: _id', 11, /^fields\.0\.enum: /],
    [
      'an identity that is a number',
      'to: identityMap.A, as: number',
      'to: _id',
      11,
      /always a string/,
    ],
    [
      'a field from nowhere',
      'to: _id, default: 1',
      'column: id, to: _id',
      11,
      /one of column, concat and/,
    ],
    [
      'two primary identities',
      'to: identityMap.A, primary: true }\n  - { column: b, to: identityMap.B, primary: true',
      'to: _id',
      12,
      /another identity is already the primary one/,
    ],
    [
      'a primary that is no identity',
      'to: _id, primary: true',
      'to: _id',
      11,
      /only applies to an identity/,
    ],
    [
      'a format that is none',
      'to: _id, as: date, format: dd/mm',
      'to: _id',
      11,
      /format of a date/,
    ],
    [
      'a format of a number',
      'to: _id, as: number, format: dd/MM/yyyy',
      'to: _id',
      11,
      /only applies to dates/,
    ],
    [
      'a time zone that is none',
      'to: _id, timeZone: Berlin',
      'to: _id',
      11,
      /expected a time zone/,
    ],
    [
      'a decimal comma of a text',
      'to: _id, decimal: ","',
      'to: _id',
      11,
      /only applies to numbers/,
    ],
    ['a split without a list', 'to: _id, split: ","', 'to: _id', 11, /must end in \[\]/],
    [
      'an encoding that is none',
      'encoding: latin-77, path: people.csv',
      'path: people.csv',
      3,
      /expected an encoding/,
    ],
    [
      'a delimiter of two characters',
      'delimiter: "||", path: people.csv',
      'path: people.csv',
      3,
      /expected one character/,
    ],
    [
      'a name without a header',
      'header: false, path: people.csv',
      'path: people.csv',
      6,
      /^key: without a header/,
    ],
    ['a key given twice', 'id: a\nid: b', 'id: "42"', 2, /unique/],
    ['no YAML', 'id: [', 'id: "42"', 2, /./],
  ])('is refused with its line: %s', (_what, bad, good, line, message) => {
    const parsed = parse(GOOD.replace(good, bad));
    expect(parsed.kind).toBe('issues');
    if (parsed.kind !== 'issues') return;
    expect(parsed.issues).toContainEqual({
      file: '/m/a.yaml',
      line,
      message: expect.stringMatching(message),
    });
  });

  it.each(['', '- a', 'just text', '*nobody'])('is refused if it is not a table: %j', (text) => {
    expect(parse(text).kind).toBe('issues');
  });
});
