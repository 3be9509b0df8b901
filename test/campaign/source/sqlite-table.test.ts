import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import { createRunHarness, mappingOf } from '../support/run-harness.js';

describe('a table of SQLite', () => {
  it('keeps all digits of integers beyond 2^53, also in markers', async () => {
    await using harness = await createRunHarness();
    const path = join(harness.dir, 'crm.db');
    using database = new DatabaseSync(path);
    database.exec('CREATE TABLE people (id INTEGER, name TEXT, changed INTEGER)');
    database.exec(`INSERT INTO people VALUES (9007199254740993, 'Ada', 1700000000000000001)`);
    const mapping = mappingOf({ kind: 'sqlite', path, table: 'people' }, { changed: 'changed' });
    await harness.run(mapping);
    database.exec(`INSERT INTO people VALUES (9007199254740995, 'Zoë', 1700000000000000002)`);
    await harness.run(mapping);
    await harness.run(mapping);
    expect(harness.platform.records().map(({ _id }) => _id)).toEqual([
      '9007199254740993',
      '9007199254740995',
    ]);
  });

  it.each(['TABLE', 'VIEW'])(
    'is told apart: text that is not UTF-8, and a replacement character (%s)',
    async (kind) => {
      await using harness = await createRunHarness();
      const path = join(harness.dir, 'crm.db');
      using database = new DatabaseSync(path);
      database.exec(`CREATE TABLE raw (id TEXT, name, note TEXT);
      INSERT INTO raw VALUES ('1', CAST(x'5A6FEB' AS TEXT), 'a'), ('2', 'Zo\uFFFD', NULL), ('3', 'Zoë', 'b'),
        ('4', CAST(x'5A6FEFBFBDEB' AS TEXT), '\uFFFD'), ('5', 7, 'c\uFFFD'), ('6', CAST(x'41F09F98' AS TEXT), '');
      CREATE ${kind} people AS SELECT * FROM raw`);
      const fields = [
        { column: 'id', to: '_id' },
        { column: 'name', to: 'name' },
        { column: 'note', to: 'note' },
      ];
      const maxRejected = { kind: 'records', max: 9 } as const;
      await harness.run(
        mappingOf({ kind: 'sqlite', path, table: 'people' }, { fields, maxRejected }),
      );
      expect(harness.platform.records()).toEqual([
        { _id: '2', name: 'Zo\uFFFD' },
        { _id: '3', name: 'Zoë', note: 'b' },
        { _id: '5', name: 7, note: 'c\uFFFD' },
      ]);
      expect((await harness.rejects()).map(({ key }) => key)).toEqual(['1', '4', '6']);
    },
  );

  it('is reported if its file does not exist', async () => {
    await using harness = await createRunHarness();
    const path = join(harness.dir, 'gone.db');
    expect(await harness.run(mappingOf({ kind: 'sqlite', path, table: 't' }))).toMatchObject({
      code: 'ACP-880056',
      reason: `${path}: unable to open database file`,
    });
  });

  it('is reported as retryable while a writer has it locked', async () => {
    await using harness = await createRunHarness();
    const path = join(harness.dir, 'crm.db');
    using database = new DatabaseSync(path);
    database.exec('CREATE TABLE people (id INTEGER, name TEXT); BEGIN EXCLUSIVE');
    expect(await harness.run(mappingOf({ kind: 'sqlite', path, table: 'people' }))).toMatchObject({
      code: 'ACP-880056',
      reason: expect.stringMatching(/database is locked$/),
      isTransient: true,
    });
  });
});
