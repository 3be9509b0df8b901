import { describe, expect, it } from '@jest/globals';
import { parseMapping } from '../../../src/campaign/mapping/mapping-file.js';
import { GOOD, POSTGRES, parse } from '../support/good-mapping.js';

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

  it('declares which texts stand for no value', () => {
    expect(parse(`null: [NULL, '\\N', '']\n${GOOD}`)).toMatchObject({
      mapping: { nulls: ['NULL', '\\N', ''] },
    });
  });
});
