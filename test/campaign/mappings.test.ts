import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseMapping } from '../../src/campaign/mapping-file.js';
import { loadMappings } from '../../src/campaign/mappings.js';
import { createWorkspace, mappingYaml } from './support/running-service.js';

const GOOD = `
id: "42"
label: Profiles
source: people.csv
publication: published
execution: stopped
recordsPerSecond: 10
target:
  dataset: profiles
  recordsPerFile: 5
fields:
  - { column: id, to: _id }
  - { column: mail, to: identityMap.Email }
`.trimStart();

describe('a mapping file', () => {
  it('is a mapping, its source beside it', () => {
    expect(parseMapping('/m/a.yaml', GOOD)).toEqual({
      kind: 'mapping',
      mapping: {
        id: '42',
        label: 'Profiles',
        source: { format: 'csv', path: expect.stringMatching(/[\\/]m[\\/]people\.csv$/) },
        publication: 'published',
        execution: 'stopped',
        recordsPerSecond: 10,
        target: { dataset: 'profiles', file: 'part-{part}.ndjson', recordsPerFile: 5 },
        fields: [
          { column: 'id', to: '_id' },
          { column: 'mail', to: 'identityMap.Email' },
        ],
      },
    });
  });

  it.each<[string, string, string | RegExp, number, RegExp]>([
    ['an id that YAML reads as a number', 'id: 42', 'id: "42"', 1, /^id: .*expected string/],
    [
      'a wrong word',
      'execution: paused',
      'execution: stopped',
      5,
      /^execution: .*"started"\|"stopped"/,
    ],
    ['an unknown key', 'pace: 10', 'recordsPerSecond: 10', 6, /^pace: unknown key$/],
    ['a pace of nothing', 'recordsPerSecond: 0', 'recordsPerSecond: 10', 6, /^recordsPerSecond: /],
    ['a source of another kind', 'source: a.xlsx', 'source: people.csv', 3, /\.csv or \.ndjson/],
    [
      'a way out of the folder',
      'dataset: ../x',
      'dataset: profiles',
      8,
      /^target\.dataset: expected a file name/,
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
    [
      'an identity that is a number',
      'to: identityMap.A, as: number',
      'to: _id',
      11,
      /always a string/,
    ],
    ['a key given twice', 'id: a\nid: b', 'id: "42"', 2, /unique/],
    ['no YAML', 'id: [', 'id: "42"', 2, /./],
  ])('is refused with its line: %s', (_what, bad, good, line, message) => {
    const parsed = parseMapping('/m/a.yaml', GOOD.replace(good, bad));
    expect(parsed.kind).toBe('faults');
    if (parsed.kind !== 'faults') return;
    expect(parsed.faults).toContainEqual({
      file: '/m/a.yaml',
      line,
      message: expect.stringMatching(message),
    });
  });

  it.each(['', '- a', 'just text', '*nobody'])('is refused where it is no table: %j', (text) => {
    expect(parseMapping('/m/a.yaml', text).kind).toBe('faults');
  });
});

describe('a folder of mappings', () => {
  it('is refused with all faults of all its files at once', async () => {
    await using space = await createWorkspace({
      'a.yaml': GOOD.replace('published', 'secret').replace('stopped', 'paused'),
      'b.yml': GOOD,
      'c.yaml': mappingYaml('42'),
      'd.yaml': GOOD.replace('label: Profiles\n', ''),
      'notes.txt': 'not a mapping',
    });
    const file = (name: string) => join(space.mappingsDir, name);
    const message = await loadMappings(space.mappingsDir).then(
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

  it('is refused where it is not there or holds nothing', async () => {
    await using space = await createWorkspace();
    await expect(loadMappings(space.mappingsDir)).rejects.toThrow('holds no mapping (*.yaml)');
    await expect(loadMappings(join(space.mappingsDir, 'gone'))).rejects.toThrow(
      /cannot be read: ENOENT/,
    );
  });
});
