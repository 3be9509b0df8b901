import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseMapping } from '../../../src/campaign/mapping/mapping-file.js';
import { refusedPaths, unknownPaths } from '../../../src/campaign/mapping/schema-paths.js';
import { inferMapping } from '../../../src/campaign/tools/infer-mapping.js';
import { previewMapping } from '../../../src/campaign/tools/preview-mapping.js';
import { createRunHarness } from '../support/run-harness.js';

const header = ['Nr', 'E-Mail', 'Geburtsdatum', 'Umsatz', 'Aktiv', 'PLZ', 'seit', 'x', 'x', ''];
const records = [
  ['1', 'ada@example.com', '15/05/1985', '1.234,50', 'J', '01067', '2024-01-01', '', '', ''],
  ['2', 'zoe@example.com', 'NULL', '99,00', 'N', '10115', '2024-01-02', '', '', ''],
];

describe('an inferred mapping', () => {
  it('reads the file that it was inferred from', async () => {
    await using harness = await createRunHarness();
    const text = [header, ...records].map((row) => row.join(';')).join('\r\n');
    await harness.write('kunden.csv', Buffer.from(text, 'latin1'));
    const yaml = inferMapping({
      path: 'kunden.csv',
      encoding: 'windows-1252',
      delimiter: ';',
      header,
      records,
    });
    const parsed = parseMapping(join(harness.dir, 'm.yaml'), yaml, {});
    if (parsed.kind !== 'mapping') throw new Error(JSON.stringify(parsed.issues));
    const limits = { maxRows: 1, maxShown: 1 };
    const preview = await previewMapping(parsed.mapping, limits, new AbortController().signal);
    expect(preview).toMatchObject({ numRecords: 1, numRejected: 0, rejects: [] });
    expect(JSON.parse(preview.records[0] ?? '')).toEqual({
      _id: '1',
      identityMap: { Email: [{ id: 'ada@example.com', primary: true }] },
      person: { birthDate: '1985-05-15' },
      homeAddress: { postalCode: '01067' },
      _tenant: { umsatz: 1234.5, aktiv: true, seit: '2024-01-01' },
    });
  });

  it('reports values that fit two formats', () => {
    const yaml = inferMapping({
      path: 'a.csv',
      encoding: null,
      delimiter: ',',
      header: ['id', 'born'],
      records: [['1', '03/04/1985']],
    });
    expect(yaml).toContain('format: "dd/MM/yyyy" } # or MM/dd/yyyy: the values fit both');
  });

  const infer = (header: string[], ...records: string[][]) =>
    inferMapping({ path: 'a.csv', encoding: null, delimiter: ',', header, records });

  it.each([
    [
      'columns that share a name, or have none',
      infer(['id', 'name', 'name', ''], ['1', 'a', 'b', 'c']),
      ['# left out: several columns are called "name"', '# left out: columns without a name'],
    ],
    [
      'a key that names no record',
      infer(['x', 'y'], ['1', '1'], ['1', '']),
      ['key: "x" # choose another: records share its values, or have none'],
    ],
    [
      'points that may separate thousands',
      infer(['id', 'sum'], ['1', '1.234'], ['2', '12']),
      [`as: number } # with decimal: ',' if the points separate thousands`],
    ],
    [
      'a delimiter that cuts nothing',
      infer(['id;name'], ['1;a']),
      ['} # one column: is that the delimiter?'],
    ],
    [
      'a first line that is a record',
      infer(['1001', 'zoe@example.com'], ['1002', 'ole@example.com']),
      ['# Is line 1 a header? It looks like a record.'],
    ],
  ])('reports %s', (_, yaml, expected) => {
    const parsed = parseMapping('m.yaml', yaml, {});
    expect(parsed.kind).toBe('mapping');
    for (const text of expected) expect(yaml).toContain(text);
  });

  it.each([
    [
      'points between thousands where another column has decimal commas',
      infer(['id', 'sum', 'saldo'], ['1', '1.234', '1,5'], ['2', '12', '0,25']),
      `to: _tenant.sum, as: number, decimal: ',' }`,
    ],
    [
      'the words of a spreadsheet',
      infer(['id', 'aktiv'], ['1', 'WAHR'], ['2', 'FALSCH']),
      'map: { "WAHR": true, "FALSCH": false }',
    ],
    [
      'a key by its name',
      infer(['name', 'paid', 'customer_id'], ['Ada', '1', '7'], ['Zoë', '2', '8']),
      'key: "customer_id" #',
    ],
  ])('knows %s', (_, yaml, expected) => {
    expect(yaml).toContain(expected);
  });

  it('is refused for a first line meant for a spreadsheet', () => {
    expect(() => infer(['sep=', ''], ['id', 'name'])).toThrow(
      'begins with "sep=", which is for Excel alone: delete that line',
    );
  });
});

describe('the paths of a mapping', () => {
  const schema = {
    type: 'object',
    allOf: [{ $ref: '#/definitions/person' }, { $ref: 'https://example.com/other' }],
    properties: {
      tags: { type: 'array', items: { type: 'string' } },
      open: { type: 'object' },
      identityMap: { additionalProperties: { type: 'array' } },
    },
    definitions: {
      person: {
        properties: { person: { type: 'object', properties: { name: { type: 'string' } } } },
      },
    },
  };

  it('are those that the schema has', () => {
    const closed = { ...schema, allOf: schema.allOf.slice(0, 1) };
    const paths = ['person.name', 'tags[]', 'open.any.thing', 'identityMap.Email'];
    const wrong = ['person.nane', 'tag', 'person.name.first', 'person.name[]'];
    expect(unknownPaths(closed, [...paths, ...wrong])).toEqual(wrong);
    expect(unknownPaths(schema, ['elsewhere'])).toEqual([]);
  });

  it('are forbidden if records with them would be rejected', () => {
    const closed = {
      allOf: [{ $ref: '#/definitions/person' }],
      type: 'object',
      additionalProperties: false,
      patternProperties: { '^_acme': {} },
      properties: { person: {}, list: { type: 'array' }, text: { type: ['string', 'null'] } },
      definitions: { person: { properties: { person: { properties: { name: {} } } } } },
    };
    const unlisted = ['person.nane', '_id'];
    const forbidden = ['people', 'text.a', 'text[]', 'list.a'];
    const known = ['person.name', '_acme.a', 'list[]'];
    expect(refusedPaths(closed, [...known, ...unlisted, ...forbidden])).toEqual([
      '_id',
      ...forbidden,
    ]);
    expect(unknownPaths({ properties: {} }, ['_id', 'timestamp', 'time'])).toEqual(['time']);
  });
});
