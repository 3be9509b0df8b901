import { describe, expect, it } from '@jest/globals';
import type { Mapping, MappingSource } from '../../../src/campaign/mapping/mapping.js';
import { createRunHarness, mappingOf } from '../support/run-harness.js';
import { createPostgresTable, createSqliteTable } from '../support/test-tables.js';

const tables = [
  ['SQLite', createSqliteTable],
  ['PostgreSQL', createPostgresTable],
] as const;

describe.each(tables)('a table of %s', (_name, createTable) => {
  const changed = (source: MappingSource, changes: Partial<Mapping> = {}) =>
    mappingOf(source, { changed: 'changed at', ...changes });

  it('is read completely once, then only for changes, whatever its names', async () => {
    await using harness = await createRunHarness();
    await using table = await createTable();
    await table.execute(
      'CREATE TABLE "Odd ""name""" (id integer PRIMARY KEY, name text, "changed at" text)',
    );
    await table.execute(
      `INSERT INTO "Odd ""name""" VALUES (1, 'Ada', '2024-01-01'), (2, 'Zoë', '2024-01-02'), (3, NULL, '2024-01-02')`,
    );
    expect(await harness.run(changed(table.source))).toMatchObject({ numRecords: 3 });
    expect(await harness.run(changed(table.source))).toMatchObject({
      numRecords: 0,
      batchId: null,
    });
    await table.execute(`INSERT INTO "Odd ""name""" VALUES (4, 'Noor', '2024-01-02')`);
    await table.execute(`UPDATE "Odd ""name""" SET name = 'Kim' WHERE id = 2`);
    expect(await harness.run(changed(table.source))).toMatchObject({ numRecords: 2 });
    const second = harness.platform.records().slice(3);
    expect(second.sort((a, b) => (String(a._id) < String(b._id) ? -1 : 1))).toEqual([
      { _id: '2', person: { name: { firstName: 'Kim' } } },
      { _id: '4', person: { name: { firstName: 'Noor' } } },
    ]);
  });

  it('reports that it has grown although no row is new', async () => {
    await using harness = await createRunHarness();
    await using table = await createTable();
    await table.execute(
      'CREATE TABLE "Odd ""name""" (id integer PRIMARY KEY, name text, "changed at" text)',
    );
    await table.execute(`INSERT INTO "Odd ""name""" VALUES (1, 'Ada', '2024-01-02')`);
    const run = async () => {
      const outcome = await harness.run(changed(table.source));
      return outcome.kind === 'succeeded' ? outcome.reason : outcome.kind;
    };
    expect([await run(), await run()]).toEqual(['', '']);
    await table.execute(`INSERT INTO "Odd ""name""" VALUES (2, 'Zoë', '2023-12-31')`);
    expect(await run()).toMatch(/^More rows than before, none of them sent/);
    expect(await run()).toBe('');
  });

  it('rejects rows without a change marker once, until they change, and sends the others', async () => {
    await using harness = await createRunHarness();
    await using table = await createTable();
    await table.execute(
      'CREATE TABLE "Odd ""name""" (id integer, name text, "changed at" integer)',
    );
    await table.execute(`INSERT INTO "Odd ""name""" VALUES (1, 'Ada', 7), (2, 'Zoë', NULL)`);
    const mapping = changed(table.source, { maxRejected: { kind: 'percent', max: 100 } });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 1, numRejected: 1 });
    expect(await harness.rejects()).toEqual([
      {
        key: 2,
        line: null,
        reason: 'column "changed at": the change marker has no value',
        record: { id: 2, 'changed at': null, name: 'Zoë' },
      },
    ]);
    const reason = '1 record that an earlier run has rejected is as it was.';
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 0, numRejected: 0, reason });
    await table.execute(`UPDATE "Odd ""name""" SET name = 'Kim' WHERE id = 2`);
    expect(await harness.run(mapping)).toMatchObject({ numRejected: 1, reason: '' });
  });

  it.each([
    ['no table', 'CREATE TABLE other (id integer)', /no such table|does not exist/],
    ['no column', 'CREATE TABLE "Odd ""name""" (id integer, "changed at" integer)', /name/],
  ])('fails a run before anything is uploaded: %s', async (_what, sql, reason) => {
    await using harness = await createRunHarness();
    await using table = await createTable();
    await table.execute(sql);
    expect(await harness.run(changed(table.source))).toMatchObject({
      kind: 'failed',
      code: 'ACP-880056',
      reason: expect.stringMatching(reason),
      isTransient: false,
    });
  });
});
