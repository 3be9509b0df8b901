import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseMapping } from '../../src/campaign/mapping-file.js';
import { loadMappings } from '../../src/campaign/mappings.js';
import { createWorkspace, mappingYaml } from './support/running-service.js';

const GOOD = `
id: "42"
label: Profiles
source: { kind: csv, path: people.csv }
key: id
publication: published
execution: stopped
recordsPerSecond: 10
dataset: 6563a1f0c4d2e8b79a015e01
fields:
  - { column: id, to: _id }
  - { column: mail, to: identityMap.Email }
`.trimStart();

describe('a mapping file', () => {
  it('is a mapping, its source beside it', () => {
    expect(parseMapping('/m/a.yaml', GOOD, {})).toEqual({
      kind: 'mapping',
      mapping: {
        id: '42',
        label: 'Profiles',
        source: { kind: 'csv', path: expect.stringMatching(/[\\/]m[\\/]people\.csv$/) },
        key: 'id',
        changed: null,
        publication: 'published',
        execution: 'stopped',
        everyMs: null,
        dataset: '6563a1f0c4d2e8b79a015e01',
        recordsPerSecond: 10,
        maxRejected: { kind: 'records', max: 0 },
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
      6,
      /^execution: .*"started"\|"stopped"/,
    ],
    [
      'one that is started and not published',
      'publication: unpublished\nexecution: started',
      'publication: published\nexecution: stopped',
      6,
      /^execution: a mapping that is not published is stopped$/,
    ],
    ['an unknown key', 'pace: 10', 'recordsPerSecond: 10', 7, /^pace: unknown key$/],
    ['a pace of nothing', 'recordsPerSecond: 0', 'recordsPerSecond: 10', 7, /^recordsPerSecond: /],
    [
      'an interval of nothing',
      'every: 0m',
      'recordsPerSecond: 10',
      7,
      /^every: expected an interv/,
    ],
    ['an interval that is too long', 'every: 8d', 'recordsPerSecond: 10', 7, /^every: expected/],
    ['a source of another kind', 'kind: xlsx', 'kind: csv', 3, /^source\.kind: /],
    [
      'a password in the place of a variable',
      'source: { kind: postgres, url: "postgres://u:planted@h/d", table: t }',
      'source: { kind: csv, path: people.csv }',
      3,
      /^source\.url: expected an environment variable, such as \$\{CRM_DATABASE_URL\}$/,
    ],
    [
      'a variable that is not set',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is YAML
      'source: { kind: postgres, url: "${GONE}", table: t }',
      'source: { kind: csv, path: people.csv }',
      3,
      /^source\.url: the environment variable GONE is not set$/,
    ],
    ['a dataset that is none', 'dataset: ../x', /dataset: \w+/, 8, /^dataset: expected the id of/],
    ['a path that is none', 'to: a..b', 'to: _id', 10, /^fields\.0\.to: expected an XDM path/],
    ['a prototype', 'to: a.__proto__.b', 'to: _id', 10, /__proto__ is not an XDM name/],
    [
      'half an identity',
      'to: identityMap',
      'to: _id',
      10,
      /expected identityMap and one namespace/,
    ],
    [
      'a path used twice',
      'to: x }\n  - { column: b, to: x }',
      'to: _id }',
      11,
      /^fields\.1\.to: x is mapped twice$/,
    ],
    [
      'a path through a value',
      'to: x }\n  - { column: b, to: x.y }',
      'to: _id }',
      11,
      /x\.y and x cannot both/,
    ],
    ['an unknown conversion', 'to: _id, as: int', 'to: _id', 10, /^fields\.0\.as: /],
    [
      'an identity that is a number',
      'to: identityMap.A, as: number',
      'to: _id',
      10,
      /always a string/,
    ],
    ['a key given twice', 'id: a\nid: b', 'id: "42"', 2, /unique/],
    ['no YAML', 'id: [', 'id: "42"', 2, /./],
  ])('is refused with its line: %s', (_what, bad, good, line, message) => {
    const parsed = parseMapping('/m/a.yaml', GOOD.replace(good, bad), {});
    expect(parsed.kind).toBe('faults');
    if (parsed.kind !== 'faults') return;
    expect(parsed.faults).toContainEqual({
      file: '/m/a.yaml',
      line,
      message: expect.stringMatching(message),
    });
  });

  it('says how often it runs', () => {
    const text = GOOD.replace('recordsPerSecond: 10', 'every: 6h');
    expect(parseMapping('/m/a.yaml', text, {})).toMatchObject({ mapping: { everyMs: 21_600_000 } });
  });

  it.each(['', '- a', 'just text', '*nobody'])('is refused where it is no table: %j', (text) => {
    expect(parseMapping('/m/a.yaml', text, {}).kind).toBe('faults');
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
    const message = await loadMappings(space.mappingsDir, {}).then(
      () => 'loaded',
      (error: Error) => error.message,
    );
    expect(message.split('\n')).toEqual([
      '4 faults in the mappings:',
      expect.stringContaining(`${file('a.yaml')}:5: publication: Invalid option`),
      expect.stringContaining(`${file('a.yaml')}:6: execution: Invalid option`),
      `  ${file('c.yaml')}: id: "42" is already the id of ${file('b.yml')}`,
      expect.stringContaining(`${file('d.yaml')}:1: label: Invalid input: expected string`),
    ]);
  });

  it('is refused where it is not there or holds nothing', async () => {
    await using space = await createWorkspace();
    await expect(loadMappings(space.mappingsDir, {})).rejects.toThrow('holds no mapping (*.yaml)');
    await expect(loadMappings(join(space.mappingsDir, 'gone'), {})).rejects.toThrow(
      /cannot be read: ENOENT/,
    );
  });
});
