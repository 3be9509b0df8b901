import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseMapping } from '../../../src/campaign/mapping/mapping-file.js';
import { loadMappings } from '../../../src/campaign/mapping/mappings.js';
import { createWorkspace, mappingYaml } from '../support/running-service.js';

const GOOD = `
id: "42"
label: Profiles
source: { kind: csv, path: people.csv }
publication: published
execution: stopped
key: id
dataset: 6563a1f0c4d2e8b79a015e01
recordsPerSecond: 10
maxRejected: 5%
fields:
  - { column: id, to: _id }
  - { column: mail, to: identityMap.Email }
`.trimStart();

const POSTGRES = `source:
  kind: postgres
  url: \${CRM_DATABASE_URL}
  table: people`;

const parse = (text: string) =>
  parseMapping('/m/a.yaml', text, { CRM_DATABASE_URL: 'postgres://' });

describe('a mapping file', () => {
  it('becomes a mapping, with its source beside it', () => {
    expect(parse(GOOD)).toEqual({
      kind: 'mapping',
      mapping: expect.objectContaining({
        id: '42',
        label: 'Profiles',
        source: { kind: 'csv', path: expect.stringMatching(/[\\/]m[\\/]people\.csv$/) },
        publication: 'published',
        execution: 'stopped',
        key: 'id',
        changed: null,
        dataset: '6563a1f0c4d2e8b79a015e01',
        recordsPerSecond: 10,
        maxRejected: { kind: 'percent', max: 5 },
        fields: [
          { column: 'id', to: '_id' },
          { column: 'mail', to: 'identityMap.Email' },
        ],
      }),
    });
  });

  it('tolerates no bad records, and has no pace by default', () => {
    const parsed = parse(GOOD.replace('recordsPerSecond: 10\nmaxRejected: 5%\n', 'changed: at\n'));
    expect(parsed).toMatchObject({
      mapping: {
        changed: 'at',
        recordsPerSecond: null,
        maxRejected: { kind: 'records', max: 0 },
      },
    });
  });

  it('says how often it runs', () => {
    const text = GOOD.replace('recordsPerSecond: 10', 'every: 6h');
    expect(parse(text)).toMatchObject({ mapping: { everyMs: 21_600_000 } });
  });

  it('names the variable of a connection string, which is not logged with it', () => {
    const parsed = parseMapping('/m/a.yaml', GOOD.replace(/source.*/, POSTGRES), {
      CRM_DATABASE_URL: 'postgres://crm:hunter2@db/crm',
    });
    if (parsed.kind !== 'mapping' || parsed.mapping.source.kind !== 'postgres') throw new Error();
    const { source } = parsed.mapping;
    expect(source).toMatchObject({ variable: 'CRM_DATABASE_URL', table: 'people' });
    expect(source.connectionString()).toBe('postgres://crm:hunter2@db/crm');
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });

  it('is refused if the variable is not set, or if it contains a connection string', () => {
    const unset = parseMapping('/m/a.yaml', GOOD.replace(/source.*/, POSTGRES), {});
    expect(unset).toEqual({
      kind: 'issues',
      issues: [
        {
          file: '/m/a.yaml',
          line: 5,
          message: 'source.url: the environment variable CRM_DATABASE_URL is not set',
        },
      ],
    });
    const secret = POSTGRES.replace(/url: .*/, 'url: postgres://crm:hunter2@db/crm');
    const clear = parse(GOOD.replace(/source.*/, secret));
    expect(JSON.stringify(clear)).toContain(
      'source.url: expected an environment variable, such as',
    );
    expect(JSON.stringify(clear)).not.toContain('hunter2');
  });

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

  it('declares which texts stand for no value', () => {
    expect(parse(`null: [NULL, '\\N', '']\n${GOOD}`)).toMatchObject({
      mapping: { nulls: ['NULL', '\\N', ''] },
    });
  });

  it.each(['', '- a', 'just text', '*nobody'])('is refused if it is not a table: %j', (text) => {
    expect(parse(text).kind).toBe('issues');
  });
});

describe('a folder of mappings', () => {
  it('is refused with all issues of all its files together', async () => {
    await using space = await createWorkspace({
      'a.yaml': GOOD.replace('published', 'secret').replace('stopped', 'paused'),
      'b.yml': GOOD,
      'c.yaml': mappingYaml('42'),
      'd.yaml': GOOD.replace('label: Profiles\n', ''),
      'notes.txt': 'not a mapping',
    });
    const file = (name: string) => join(space.mappingsDir, name);
    const message = await loadMappings(space.mappingsDir, {}).then(
      () => 'loaded',
      (error: Error) => error.message,
    );
    expect(message.split('\n')).toEqual([
      '4 faults in the mappings:',
      expect.stringContaining(`${file('a.yaml')}:4: publication: Invalid option`),
      expect.stringContaining(`${file('a.yaml')}:5: execution: Invalid option`),
      `  ${file('c.yaml')}: id: "42" is already the id of ${file('b.yml')}`,
      expect.stringContaining(`${file('d.yaml')}:1: label: Invalid input: expected string`),
    ]);
  });

  it('is refused if it is missing or empty', async () => {
    await using space = await createWorkspace();
    await expect(loadMappings(space.mappingsDir, {})).rejects.toThrow(
      'contains no mapping (*.yaml)',
    );
    await expect(loadMappings(join(space.mappingsDir, 'gone'), {})).rejects.toThrow(
      /cannot be read: ENOENT/,
    );
  });
});
