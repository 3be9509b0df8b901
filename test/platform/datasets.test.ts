import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Datasets, DatasetsInvalidError, loadDatasets } from '../../src/platform/datasets.js';
import { createRecordCheck } from '../../src/platform/record-check.js';
import { readXdmCorpus } from '../corpus/xdm-corpus.js';
import { createWorkspace, DATA_SET_ID, PEOPLE } from './support/running-receiver.js';

const EVENTS = 'https://ns.adobe.com/xdm/context/experienceevent';
const PATTERN = { type: 'string', pattern: '^[\\w\\-\\/]+$' };

/** The datasets of a folder in which are these files, beside each other or in folders below. */
async function load(schema: object, files: Record<string, unknown> = {}, more: object = {}) {
  await using space = await createWorkspace([{ ...PEOPLE, schema, ...more }]);
  for (const [name, content] of Object.entries(files)) {
    const path = join(space.datasetsDir, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return await loadDatasets(space.datasetsDir);
}

function issuesOf(datasets: Datasets, record: Record<string, unknown>) {
  const dataset = datasets.get(DATA_SET_ID);
  if (dataset === undefined) throw new Error('no dataset');
  const check = createRecordCheck(dataset, { now: () => Date.now() });
  return check(record).map(({ pointer, message }) => `${pointer} ${message}`);
}

async function startIssuesOf(...given: Parameters<typeof load>): Promise<string[]> {
  try {
    await load(...given);
  } catch (error) {
    if (!(error instanceof DatasetsInvalidError)) throw error;
    return error.issues.map((fault) => fault.replace(/^.*?\/datasets\//, ''));
  }
  return [];
}

describe('a schema as Adobe publishes it', () => {
  const published = {
    'meta:license': ['x'],
    $id: 'https://ns.adobe.com/acme/schemas/1',
    $schema: 'http://json-schema.org/draft-06/schema#',
    'meta:altId': '_acme.schemas.1',
    'meta:extends': ['https://ns.adobe.com/xdm/data/record'],
    imsOrg: 'a@AdobeOrg',
    version: '1.1',
    auditable: true,
    Title: 'a slip that says nothing about records',
    type: 'object',
    definitions: { person: { properties: { name: { $ref: 'https://ns.adobe.com/xdm/name' } } } },
    allOf: [
      { $ref: '#/definitions/person' },
      { $ref: 'https://ns.adobe.com/xdm/record#/definitions/@context' },
    ],
    'meta:status': 'stable',
  };
  const record = {
    $id: 'https://ns.adobe.com/xdm/record',
    definitions: {
      '@context': { properties: { tag: PATTERN, seen: { $ref: '#/definitions/time' } } },
      time: { type: 'string', format: 'date' },
    },
  };
  const name = {
    $id: 'https://ns.adobe.com/xdm/name',
    type: 'object',
    properties: { first: { type: 'string', 'meta:xdmType': 'string' } },
  };

  it('is read with what it refers to in other files', async () => {
    const datasets = await load(published, { 'record.json': record, 'xdm/name.schema.json': name });
    expect(
      issuesOf(datasets, { tag: 'a-b/c', seen: '2024-02-29', name: { first: 'Ada' } }),
    ).toEqual([]);
    expect(
      issuesOf(datasets, { tag: '?', seen: '2023-02-29', name: { first: true } }).sort(),
    ).toEqual([
      '#/name/first [true] must be string',
      '#/seen [2023-02-29] must match format "date"',
      '#/tag [?] must match pattern "^[\\w\\-\\/]+$"',
    ]);
  });

  it('is read from an export, which is a list, and by its other id', async () => {
    const item = {
      $id: 'https://ns.adobe.com/acme/datatypes/9',
      'meta:altId': '_acme.datatypes.9',
      type: 'number',
    };
    const group = {
      $id: 'https://ns.adobe.com/acme/mixins/9',
      properties: { n: { $ref: '_acme.datatypes.9' } },
    };
    const datasets = await load({ $ref: group.$id }, { 'export.json': [item, group] });
    expect(issuesOf(datasets, { n: 'x' })).toEqual(['#/n [x] must be number']);
  });

  it('can refer to files, to other datasets, and in circles', async () => {
    const tree = {
      $id: 'https://a/tree',
      properties: { next: { $ref: 'https://a/tree' }, leaf: { $ref: 'leaf' } },
    };
    const other = {
      ...PEOPLE,
      id: 'b'.repeat(24),
      schema: { $id: 'https://a/leaf', type: 'integer' },
    };
    const datasets = await load(
      { properties: { tree: { $ref: 'types/own.schema.json#/definitions/tree' } } },
      {
        'types/own.schema.json': {
          $schema: 'http://json-schema.org/draft-07/schema#',
          definitions: { tree: { $ref: 'https://a/tree' } },
        },
        'tree.schema.json': tree,
        [`${other.id}.json`]: other,
      },
    ).catch((error: Error) => error.message);
    // The other dataset is of no object.
    expect(datasets).toContain('schema.type: ');
    const leaf = { 'leaf.json': other.schema, 'tree.schema.json': tree };
    const good = await load({ $ref: tree.$id }, leaf);
    expect(issuesOf(good, { next: { next: { leaf: 'x' } } })).toEqual([
      '#/next/next/leaf [x] must be integer',
    ]);
  });

  it('of events may refer to itself', async () => {
    const schema = {
      properties: { a: { $ref: '#/definitions/x' } },
      definitions: { x: { type: 'string' } },
    };
    const datasets = await load(schema, {}, { class: EVENTS });
    const event = { _id: '1', timestamp: '2024-01-01T00:00:00Z' };
    expect(issuesOf(datasets, { ...event, a: 'x' })).toEqual([]);
    expect(issuesOf(datasets, { ...event, a: [] })).toEqual(['#/a [[]] must be string']);
  });

  it('takes patterns by characters where it can', async () => {
    const datasets = await load({
      properties: { a: { pattern: '^\\p{L}$' }, b: { pattern: '^.$' } },
    });
    expect(issuesOf(datasets, { a: 'é', b: '😀' })).toEqual([]);
    expect(issuesOf(datasets, { a: 'p{L}' })).toHaveLength(1);
  });
});

describe('what others stumbled over', () => {
  it('is reported if a fragment has no slash', async () => {
    const id = { $id: 'https://a/id', definitions: { ID: { type: 'string' } } };
    const faults = await startIssuesOf({ $ref: 'https://a/id#definitions/ID' }, { 'id.json': id });
    expect(faults).toEqual([expect.stringContaining('there is no definitions/ID in that schema')]);
  });

  it('is right where a schema that was put into another one means itself', async () => {
    const inner = {
      $id: 'https://a/test',
      additionalProperties: false,
      properties: { testprop: { $ref: '#' } },
    };
    const root = { $id: 'https://a/root', properties: { ref: { $ref: 'https://a/test' } } };
    const datasets = await load(root, { 'inner.json': inner });
    expect(issuesOf(datasets, { ref: { testprop: { testprop: {} } } })).toEqual([]);
    expect(issuesOf(datasets, { ref: { testprop: { other: {} } } })).toEqual([
      '#/ref/testprop extraneous key [other] is not permitted',
    ]);
  });

  it('is a fault where it is none of JSON Schema, or taken as it was meant', async () => {
    const examples = { $id: 'https://a/1', examples: 'one' };
    expect(await startIssuesOf(examples)).toEqual([
      expect.stringContaining('#/examples must be array'),
    ]);
    const segment = { $id: 'https://a/1', properties: { a: { pattern: '^[[0-9]+-[0-9]+]$' } } };
    expect(issuesOf(await load(segment), { a: '1-2]' })).toEqual([]);
  });

  it('is found by its file where it has no id', async () => {
    const second = { $schema: 'http://json-schema.org/draft-06/schema', type: 'integer' };
    const first = {
      $schema: 'http://json-schema.org/draft-06/schema',
      properties: { angle: { type: 'array', items: { $ref: 'second.json#' } } },
    };
    const files = { 'in/first.json': first, 'in/second.json': second };
    const datasets = await load({ $ref: 'in/first.json' }, files);
    expect(issuesOf(datasets, { angle: [1, 'x'] })).toEqual(['#/angle/1 [x] must be integer']);
  });
});

describe('a folder of datasets', () => {
  it('tells all that is wrong in its files at once', async () => {
    const schema = {
      typo: 1,
      required: 'a',
      properties: {
        a: { pattern: '(' },
        b: { format: 'fone' },
        c: { $ref: 'https://a/none' },
        d: { $ref: '#/definitions/none' },
        e: { $ref: 'https://a/e' },
      },
    };
    const faults = await startIssuesOf(
      schema,
      {
        'e.schema.json': { $id: 'https://a/e', name: 'no keyword', allof: [] },
        'e2.schema.json': { $id: 'https://a/e' },
        'broken/x.json': '{',
      },
      { class: 'other' },
    );
    const file = `${DATA_SET_ID}.json`;
    expect(faults).toEqual([
      expect.stringMatching(/^broken\/x\.json: Expected property name/),
      expect.stringMatching(
        /^e2\.schema\.json: \$id: https:\/\/a\/e is another schema in .*\/e\.schema\.json$/,
      ),
      expect.stringMatching(`^${file}: class: Invalid option`),
      `${file}: schema: $ref https://a/none: no schema in the folder has the $id https://a/none`,
      `${file}: schema: $ref #/definitions/none: there is no /definitions/none in that schema`,
      `${file}: schema: #/required must be array`,
      `${file}: schema: # unknown keyword: "typo"`,
      expect.stringContaining(`${file}: schema: #/properties/a Invalid regular expression: /(/`),
      `${file}: schema: #/properties/b unknown format: "fone"`,
      'e.schema.json: schema: # unknown keyword: "allof"',
    ]);
  });

  it('refuses drafts that it does not know', async () => {
    expect(
      await startIssuesOf({ $schema: 'https://json-schema.org/draft/2020-12/schema' }),
    ).toEqual([
      `${DATA_SET_ID}.json: schema: $schema "https://json-schema.org/draft/2020-12/schema": expected JSON Schema draft 6 or 7`,
    ]);
  });
});

describe('a folder of XDM components', () => {
  it('judges the examples beside them, and tells of what does not load', async () => {
    await using space = await createWorkspace([]);
    const files = {
      'a.schema.json': {
        $id: 'https://a/a',
        type: 'object',
        required: ['xdm:b'],
        properties: { 'xdm:b': { $ref: 'https://a/b' } },
      },
      'data/b.schema.json': {
        $id: 'https://a/b',
        type: 'object',
        properties: { 'xdm:link': { type: 'string', format: 'uri' } },
      },
      'c.schema.json': { $id: 'https://a/c', $ref: 'https://a/none' },
      'a.example.1.json': { 'xdm:b': { 'xdm:link': 'adobe.com/creativecloud' } },
      'a.invalid.1.json': {},
      'data/b.invalid.1.json': { 'xdm:link': 'with a blank' },
      'c.example.1.json': {},
      'd.example.1.json': {},
    };
    for (const [name, content] of Object.entries(files)) {
      const path = join(space.datasetsDir, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, JSON.stringify(content));
    }
    const rows = await readXdmCorpus(space.datasetsDir);
    expect(rows.map(({ name, verdict, isAsNamed }) => [name, verdict, isAsNamed])).toEqual([
      ['a.example.1.json', 'taken', true],
      ['a.invalid.1.json', 'refused', true],
      ['c.example.1.json', 'not loaded', false],
      ['d.example.1.json', 'not loaded', false],
      ['data/b.invalid.1.json', 'refused', true],
    ]);
  });
});
