import { appendFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../src/adobe/clock.js';
import type { CsvFile, Mapping, MappingSource } from '../../src/campaign/mapping/mapping.js';
import { createTestDatabase, execute } from '../support/postgres.js';
import { createSkippingClock } from './support/driven-clock.js';
import { createRunHarness, mappingOf } from './support/run-harness.js';

describe('a CSV file', () => {
  it('carries quoted commas, line ends, quotes and a byte order mark as they are meant', async () => {
    await using harness = await createRunHarness();
    const content = '\uFEFFid,name\r\n1,"Byron, Ada"\r\n\r\n2,"two\nlines, ""quoted"""\r\n3,\r\n';
    const path = await harness.write('people.csv', content);
    await harness.run(mappingOf({ kind: 'csv', path }));
    expect(harness.platform.records()).toEqual([
      { _id: '1', person: { name: { firstName: 'Byron, Ada' } } },
      { _id: '2', person: { name: { firstName: 'two\nlines, "quoted"' } } },
      { _id: '3' },
    ]);
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['no header', '', /^people\.csv: is empty: a CSV file begins with its header$/],
    [
      'a column missing',
      'id,surname\n1,Byron\n',
      /has no column name; cut at "," it has "id", "surname"$/,
    ],
    ['two columns of one name', 'id,name,id\n1,Byron,2\n', /has two columns id$/],
    ['a header that is none', 'id,"name\n1,Ada\n', /has a broken header: a quote is never closed$/],
    [
      'bytes that are not UTF-8',
      Buffer.from('id,name\n1,Zo\xeb\n', 'latin1'),
      /is not UTF-8: line 2 has the byte 0xEB; set its encoding, such as windows-1252, in which it reads "1,Zoë"$/,
    ],
    ['a workbook', Buffer.from('PK\x03\x04…'), /is a ZIP archive or a workbook, not text/],
    ['half of a gzip file', gzipSync('id,name\n1,Ada\n').subarray(0, 20), /unexpected end of file/],
  ])('fails a run before anything is uploaded: %s', async (_what, content, reason) => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', content);
    expect(await harness.run(mappingOf({ kind: 'csv', path }))).toEqual({
      kind: 'failed',
      code: 'ACP-880056',
      reason: expect.stringMatching(reason),
      numRejected: 0,
      batchId: null,
      isTransient: false,
    });
    expect(harness.platform.calls).toEqual([]);
  });

  const utf16 = (text: string) => Buffer.from(text, 'utf16le');
  const people = 'id,name\n1,Zoë\n2,Ole\n';
  const names = [
    { _id: '1', person: { name: { firstName: 'Zoë' } } },
    { _id: '2', person: { name: { firstName: 'Ole' } } },
  ];

  it.each<[string, string | Buffer, Partial<CsvFile>]>([
    ['semicolons', people.replaceAll(',', ';'), {}],
    ['tabs', people.replaceAll(',', '\t'), {}],
    ['a delimiter of its own', people.replaceAll(',', '^'), { delimiter: '^' }],
    ['another quote', "id,name\n1,'Zoë'\n2,'Ole'\n", { quote: "'" }],
    ['Windows-1252', Buffer.from(people, 'latin1'), { encoding: 'windows-1252' }],
    ['UTF-16 with its mark', utf16(`\uFEFF${people}`), {}],
    ['UTF-16 without a mark', utf16(people), {}],
    ['UTF-16 of the other order', utf16(`\uFEFF${people}`).swap16(), {}],
    ['a zero in a column that nobody maps', 'id,name,x\n1,Zoë,\0\n2,Ole,\0\n', {}],
    ['UTF-16 whose letters look like line ends', utf16('id,name,上\n1,Zoë,上\n2,Ole,上\n'), {}],
    ['a gzip file', gzipSync(people), {}],
    [
      'gzip files that were joined',
      Buffer.concat(['id,name\n1,Zoë\n', '2,Ole\n'].map((t) => gzipSync(t))),
      {},
    ],
    ['headers that nobody maps', 'id,,x,x,name,\n1,,,,Zoë,\n2,a,b,c,Ole,d\n', {}],
  ])('is read with %s', async (_what, content, settings) => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', content);
    await harness.run(mappingOf({ kind: 'csv', path, ...settings }));
    expect(harness.platform.records()).toEqual(names);
  });

  it.each([
    ['commas', '1,Zoë,x\n2,Ole,"a;b;c"\n'],
    ['semicolons', '1;Zoë;x\n2;Ole;"a,b"\n'],
  ])('has numbered columns if it has no header: %s', async (_what, content) => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', content);
    const fields = [
      { column: '1', to: '_id' },
      { column: '2', to: 'person.name.firstName' },
    ];
    const source = { kind: 'csv', path, header: false } as const;
    await harness.run(mappingOf(source, { key: '1', fields }));
    expect(harness.platform.records()).toEqual(names);
  });

  it.each([65_530, 65_531, 65_532, 70_000, 200_000])(
    'may have a header of %d characters',
    async (chars) => {
      await using harness = await createRunHarness();
      const path = await harness.write(
        'wide.csv',
        `${'x'.repeat(chars)},id,name\r\n-,1,Ada\r\n-,2,Zoë\r\n`,
      );
      expect(await harness.run(mappingOf({ kind: 'csv', path }))).toMatchObject({ numRecords: 2 });
    },
  );

  it('rejects its header where files were joined', async () => {
    await using harness = await createRunHarness();
    const content = `\uFEFFid,name\n1,Zoë\n\uFEFFid,name\n2,Ole\n`;
    const path = await harness.write('people.csv', content);
    const mapping = mappingOf({ kind: 'csv', path }, { maxRejected: { kind: 'records', max: 1 } });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 1 });
  });

  it('has byte order marks at its beginning; elsewhere they cost their record', async () => {
    await using harness = await createRunHarness();
    const content = '\uFEFF\uFEFFid,name\n1,Ada\n\uFEFF2,Zoë\n3,Noor\n';
    const path = await harness.write('people.csv', content);
    const mapping = mappingOf({ kind: 'csv', path }, { maxRejected: { kind: 'records', max: 1 } });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 1 });
    expect(harness.platform.records().map(({ _id }) => _id)).toEqual(['1', '3']);
    expect(await harness.rejects()).toMatchObject([{ line: 3 }]);
  });

  it('is refused where another encoding is declared than its byte order mark tells', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', `\uFEFF${people}`);
    const source = { kind: 'csv', path, encoding: 'windows-1252' } as const;
    expect(await harness.run(mappingOf(source))).toMatchObject({
      code: 'ACP-880056',
      reason:
        'people.csv: begins with the byte order mark of utf-8, but its mapping says windows-1252',
    });
  });

  it('need not have the column of a field that is said not to be required', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', 'id\n1\n');
    const fields = [
      { column: 'id', to: '_id' },
      { column: 'name', to: 'person.name.firstName', required: false },
    ];
    expect(await harness.run(mappingOf({ kind: 'csv', path }, { fields }))).toMatchObject({
      numRecords: 1,
    });
  });

  const WRITTEN = {
    kind: 'failed',
    reason: 'people.csv: was written to while it was read',
    isTransient: true,
  };

  it.each<[string, (path: string) => Promise<void>, object]>([
    ['grows', (path) => appendFile(path, '20000,late\n'), WRITTEN],
    ['shrinks', (path) => truncate(path, 100), WRITTEN],
    [
      'is overwritten by another',
      (path) => writeFile(path, Buffer.alloc(400_000, 'é\n', 'latin1')),
      WRITTEN,
    ],
    [
      'is replaced by another',
      async (path) => {
        await writeFile(`${path}.new`, 'id,name\n1,new\n');
        await rename(`${path}.new`, path);
      },
      { kind: 'succeeded', numRecords: 20_000 },
    ],
    ['is deleted', (path) => rm(path, { force: true }), { kind: 'succeeded', numRecords: 20_000 }],
  ])('is read whole or not at all, where it %s meanwhile', async (_what, change, outcome) => {
    const long = Array.from({ length: 20_000 }, (_, n) => `${n},Name ${n}\n`).join('');
    const skipping = createSkippingClock();
    const clock: Clock = {
      ...skipping,
      // A pause of the run: most of the file is still to be read.
      async wait(...args) {
        await change(path);
        await skipping.wait(...args);
      },
    };
    await using harness = await createRunHarness({ clock });
    const path = await harness.write('people.csv', `id,name\n${long}`);
    const mapping = mappingOf({ kind: 'csv', path }, { recordsPerSecond: 10_000 });
    expect(await harness.run(mapping)).toMatchObject(outcome);
  });

  it('may be taken out of its folder before it is read', async () => {
    const skipping = createSkippingClock();
    const clock: Clock = {
      ...skipping,
      async wait(...args) {
        await rm(path, { force: true });
        await skipping.wait(...args);
      },
    };
    await using harness = await createRunHarness({ clock });
    await harness.write('a.csv', people);
    const path = await harness.write('b.csv', people);
    const mapping = mappingOf(
      { kind: 'csv', path: join(harness.dir, '*.csv') },
      { recordsPerSecond: 1 },
    );
    expect(await harness.run(mapping)).toMatchObject({
      reason: 'b.csv: was taken away before it was read',
      isTransient: true,
    });
  });

  it('is waited for until the file is there that hands it over', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', people);
    const mapping = mappingOf({ kind: 'csv', path, ready: '.done' });
    expect(await harness.run(mapping)).toMatchObject({
      reason: 'people.csv: waits for people.csv.done, to be written after it',
      isTransient: true,
    });
    await harness.write('people.csv.done', '');
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2 });
    await utimes(`${path}.done`, 1, 1);
    expect(await harness.run(mapping)).toMatchObject({ kind: 'failed' });
  });

  it('is one of several that fit a name with wildcards, in the order of their names', async () => {
    await using harness = await createRunHarness();
    await harness.write('b.csv', 'name;id\nOle;2\n');
    await harness.write('a.csv', 'id,name\n1,Zoë\n');
    await harness.write('c.txt', 'none');
    const mapping = (pattern: string) =>
      mappingOf({ kind: 'csv', path: join(harness.dir, pattern) });
    expect(await harness.run(mapping('*.csv'))).toMatchObject({ numRecords: 2 });
    expect(harness.platform.records()).toEqual(names);
    expect(await harness.run(mapping('*.tsv'))).toMatchObject({
      reason: expect.stringMatching(
        /^\*\.tsv: matches no file of the folder, which has a\.csv, b\.csv, c\.txt/,
      ),
    });
  });

  it('has no value if the text means none', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', 'id,name\n1, NULL \n2,\\N\n3,  \n4,null\n');
    await harness.run(mappingOf({ kind: 'csv', path }, { nulls: ['NULL', '\\N', ''] }));
    expect(harness.platform.records()).toEqual([
      { _id: '1' },
      { _id: '2' },
      { _id: '3' },
      { _id: '4', person: { name: { firstName: 'null' } } },
    ]);
  });

  it('sends rows above the watermark, whatever form their date-times have', async () => {
    await using harness = await createRunHarness();
    const mapping = (path: string) => mappingOf({ kind: 'csv', path }, { changed: 'at' });
    const first = 'id,name,at\n1,a,2024-01-01T10:00:00Z\n2,b,2024-01-01T12:00:00.5+01:00\n';
    await harness.run(mapping(await harness.write('people.csv', first)));
    // The same instant as the newest, and one that is later though its text is not.
    const second = `${first}3,c,2024-01-01 11:00:00.500000\n4,d,2024-01-01T09:00:01-02:00\n5,e,2024-01-01T10:59:59Z\n`;
    await harness.run(mapping(await harness.write('people.csv', second)));
    expect(harness.platform.records().map(({ _id }) => _id)).toEqual(['1', '2', '3', '4']);
  });
});

describe('an NDJSON file', () => {
  it('has nested properties, with or without a last line end', async () => {
    await using harness = await createRunHarness();
    const content =
      '{"id":"o-1","at":0,"customer":{"email":"é@example.com"},"tags":["a"]}\n\n{"id":"o-2","customer":null}';
    const path = await harness.write('orders.ndjson', content);
    const fields = [
      { column: 'id', to: '_id' },
      { column: 'at', to: 'timestamp', as: 'date-time', format: 'epoch-milliseconds' },
      { column: 'customer.email', to: 'identityMap.Email' },
      { column: 'tags', to: '_acme.tags' },
    ] as const;
    await harness.run(mappingOf({ kind: 'ndjson', path }, { fields }));
    expect(harness.platform.records()).toEqual([
      {
        _id: 'o-1',
        timestamp: '1970-01-01T00:00:00.000Z',
        identityMap: { Email: [{ id: 'é@example.com', primary: true }] },
        _acme: { tags: ['a'] },
      },
      { _id: 'o-2' },
    ]);
  });

  it.each([
    ['1234567890123456789', '1234567890123456789'],
    ['9007199254740993.0', '9007199254740993.0'],
    ['90071992547409.93', '90071992547409.93'],
    ['1e400', '1e400'],
    ['-0.10', -0.1],
    ['12.5e3', 12_500],
    ['"9007199254740993"', '9007199254740993'],
  ])('keeps the digits of numbers: %s', async (number, expected) => {
    await using harness = await createRunHarness();
    const path = await harness.write('orders.ndjson', `{"id":"1","n":{"m":[${number}]}}\n`);
    const fields = [
      { column: 'id', to: '_id' },
      { column: 'n.m', to: 'n' },
    ];
    await harness.run(mappingOf({ kind: 'ndjson', path }, { fields }));
    expect(harness.platform.records()).toEqual([{ _id: '1', n: [expected] }]);
  });

  it('is refused where no record has a path, unless its field is not required', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('orders.ndjson', '{"id":"1","Name":"a"}\n{"id":"2"}\n');
    const mapping = (required?: boolean) =>
      mappingOf(
        { kind: 'ndjson', path },
        {
          fields: [
            { column: 'id', to: '_id' },
            { column: 'name', to: 'name', required },
          ],
        },
      );
    expect(await harness.run(mapping())).toMatchObject({
      kind: 'failed',
      reason: 'orders.ndjson: no record has name; they have id, Name',
    });
    expect(await harness.run(mapping(false))).toMatchObject({ numRecords: 2 });
  });

  it('has lines that end in any way, and each that is no record counts', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('p.ndjson', '{"id":1,"name":"a"}\r{"id":2}\r\n\n{"id":\r[]\r');
    const mapping = mappingOf(
      { kind: 'ndjson', path },
      { maxRejected: { kind: 'records', max: 2 } },
    );
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 2 });
    expect((await harness.rejects()).map(({ line }) => line)).toEqual([4, 5]);
  });

  it.each([
    ['longer than a record may be', `"${'x'.repeat(1_100_000)}"`, /exceeds 1000000/],
    ['nested thousands deep', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, /nested too deep/],
  ])('costs a record that is %s, and no other', async (_what, name, reason) => {
    await using harness = await createRunHarness();
    const content = `{"id":"1","name":"a","at":1}\r\n{"id":"2","name":${name},"at":2}\r{"id":"3","name":"c","at":3}\n`;
    const path = await harness.write('people.ndjson', content);
    const mapping = mappingOf(
      { kind: 'ndjson', path },
      { changed: 'at', maxRejected: { kind: 'records', max: 1 } },
    );
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 1 });
    expect(await harness.rejects()).toMatchObject([
      { line: 2, reason: expect.stringMatching(reason) },
    ]);
  });

  it('may have a property with a dot in its name', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.ndjson', '{"id":"1","person.name":"Ada"}\n');
    const fields = [
      { column: 'id', to: '_id' },
      { column: 'person.name', to: 'name' },
    ];
    await harness.run(mappingOf({ kind: 'ndjson', path }, { fields }));
    expect(harness.platform.records()).toEqual([{ _id: '1', name: 'Ada' }]);
  });
});

/** What both kinds of tables do. */
const tables: readonly (readonly [string, () => Promise<TestTable>])[] = [
  ['SQLite', createSqliteTable],
  ['PostgreSQL', createPostgresTable],
];

interface TestTable extends AsyncDisposable {
  readonly source: MappingSource;
  execute(sql: string): Promise<void>;
}

async function createSqliteTable(): Promise<TestTable> {
  const harness = await createRunHarness();
  const path = join(harness.dir, 'crm.db');
  const database = new DatabaseSync(path);
  return {
    source: { kind: 'sqlite', path, table: 'Odd "name"' },
    execute: async (sql) => database.exec(sql),
    async [Symbol.asyncDispose]() {
      database.close();
      await harness[Symbol.asyncDispose]();
    },
  };
}

async function createPostgresTable(): Promise<TestTable> {
  const database = await createTestDatabase();
  return {
    source: postgresSource(database.url, 'Odd "name"'),
    execute: (sql) => execute(database.url, sql),
    [Symbol.asyncDispose]: () => database.drop(),
  };
}

function postgresSource(url: string, table: string): MappingSource {
  return { kind: 'postgres', variable: 'CRM_DATABASE_URL', connectionString: () => url, table };
}

describe.each(tables)('a table of %s', (_name, createTable) => {
  const changed = (source: MappingSource, changes: Partial<Mapping> = {}) =>
    mappingOf(source, { changed: 'changed at', ...changes });

  it('is read once and then for what has changed, whatever its names are', async () => {
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

  it('says that it has grown where none of its rows is new', async () => {
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

describe('a table of SQLite', () => {
  it('keeps the digits of integers beyond 2^53, as markers too', async () => {
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

  it('may be tried again when a writer holds it', async () => {
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

describe('a table of PostgreSQL', () => {
  it('keeps what a Date would lose: microseconds, and days', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TABLE "Odd ""name""" (id bigint, name text, born date, points numeric, is_new boolean, changed timestamptz)`,
    );
    const insert = (id: number, micros: string) =>
      table.execute(
        `INSERT INTO "Odd ""name""" VALUES (${id}, 'Ada', '1985-12-10', 12.5, true, '2024-01-01 10:00:00.${micros}+02')`,
      );
    const fields = [
      { column: 'id', to: '_id', as: 'string' },
      { column: 'born', to: 'person.birthDate', as: 'date' },
      { column: 'points', to: 'loyalty.points', as: 'number' },
      { column: 'is_new', to: '_acme.isNew', as: 'boolean' },
      { column: 'changed', to: '_acme.changedAt', as: 'date-time' },
    ] as const;
    const mapping = mappingOf(table.source, { changed: 'changed', fields });
    await insert(1, '123456');
    await harness.run(mapping);
    await insert(2, '123457');
    // Late: stamped before the first one, and committed after it was sent.
    await insert(3, '123455');
    await harness.run(mapping);
    await harness.run(mapping);
    expect(harness.platform.records()).toEqual(
      [
        ['1', '123456'],
        ['2', '123457'],
        ['3', '123455'],
      ].map(([id, micros]) => ({
        _id: id,
        person: { birthDate: '1985-12-10' },
        loyalty: { points: 12.5 },
        _acme: { isNew: true, changedAt: `2024-01-01T08:00:00.${micros}+00:00` },
      })),
    );
  });

  it('keeps every digit of lists and JSON', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, '{2024-05-01}'::date[] AS days,
       '{12345678901234567.89}'::numeric[] AS sums, '{"n":[9007199254740993,0.1]}'::jsonb AS doc`,
    );
    const columns = ['days', 'sums', 'doc'];
    const fields = columns.map((column) => ({ column, to: column }));
    await harness.run(mappingOf(table.source, { fields }));
    const [batch] = harness.platform.batches;
    expect(String(batch?.files.values().next().value)).toBe(
      '{"days":["2024-05-01"],"sums":["12345678901234567.89"],"doc":{"n":[9007199254740993,0.1]}}\n',
    );
  });

  it('arrives as PostgreSQL writes it, whatever its type', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute('CREATE EXTENSION citext; CREATE EXTENSION hstore');
    await table.execute(
      `CREATE TYPE pair AS (a int, b text); CREATE DOMAIN whole AS bigint;
       CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, 'Ab@C'::citext AS citext, 9007199254740993::whole AS domain,
       1.10::numeric AS "numeric", '[2024-01-01 10:00+02,)'::tstzrange AS range, '{[1,3),[5,9)}'::int4multirange AS ranges,
       '1 year -3 days 04:05:06.7'::interval AS interval, '\\xdeadbeef'::bytea AS bytea, '-1.5'::money AS money,
       date '0044-03-15 BC' AS bc, date 'infinity' AS "infinity", timestamptz '2024-05-01 00:30:00.123456+02' AS "timestamptz",
       timetz '10:00+02' AS timetz, row(1, 'x, "y"')::pair AS composite,
       'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS uuid, '10.0.0.1/24'::inet AS inet, B'101' AS bit, 'ab'::char(5) AS char,
       'a=>1, b=>NULL'::hstore AS hstore, '(1,2)'::point AS point, '<(1.5,2),3>'::circle AS circle,
       '1 2'::int2vector AS int2vector, '3 4'::oidvector AS oidvector, '12345678901234567890'::jsonb AS long`,
    );
    const wanted = {
      citext: 'Ab@C',
      domain: '9007199254740993',
      numeric: '1.10',
      range: '["2024-01-01 08:00:00+00",)',
      ranges: '{[1,3),[5,9)}',
      interval: '1 year -3 days +04:05:06.7',
      bytea: '\\xdeadbeef',
      money: '-$1.50',
      bc: '0044-03-15 BC',
      infinity: 'infinity',
      timestamptz: '2024-04-30 22:30:00.123456+00',
      timetz: '10:00:00+02',
      composite: '(1,"x, ""y""")',
      uuid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      inet: '10.0.0.1/24',
      bit: '101',
      char: 'ab   ',
      hstore: '"a"=>"1", "b"=>NULL',
      point: '(1,2)',
      circle: '<(1.5,2),3>',
      int2vector: '1 2',
      oidvector: '3 4',
      long: '12345678901234567890',
    };
    const fields = Object.keys(wanted).map((column) => ({ column, to: column }));
    await harness.run(mappingOf(table.source, { fields }));
    expect(harness.platform.records()).toEqual([wanted]);
  });

  it('loses nothing of a number in JSON or a list that JSON cannot write', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE DOMAIN doc AS jsonb; CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, '{1.5,NaN,Infinity,NULL}'::float8[] AS floats,
       '{{1,2},{3,4}}'::int[] AS table, '{"n":1e400,"m":5e-400}'::json AS json, ARRAY['{"n":[1]}'::doc] AS docs`,
    );
    const columns = ['floats', 'table', 'json', 'docs'];
    const fields = columns.map((column) => ({ column, to: column }));
    await harness.run(mappingOf(table.source, { fields }));
    const [batch] = harness.platform.batches;
    expect(String(batch?.files.values().next().value)).toBe(
      '{"floats":[1.5,"NaN","Infinity",null],"table":[[1,2],[3,4]],"json":{"n":1e400,"m":5e-400},"docs":[{"n":[1]}]}\n',
    );
  });

  it('gives lists of its own types and of JSON as lists', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE DOMAIN mail AS text;
       CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, '{sad,"so so",NULL}'::mood[] AS moods, '{a@b}'::mail[] AS mails,
       ARRAY['{"n":9007199254740993}'::jsonb] AS docs, '{1,2}'::int[] AS plain,
       '{9007199254740993}'::bigint[] AS large, 'sad'::mood AS one`,
    );
    const columns = ['moods', 'mails', 'docs', 'plain', 'large', 'one'];
    const fields = columns.map((column) => ({ column, to: column }));
    await harness.run(mappingOf(table.source, { fields }));
    const [batch] = harness.platform.batches;
    expect(String(batch?.files.values().next().value)).toBe(
      '{"moods":["sad","so so",null],"mails":["a@b"],"docs":[{"n":9007199254740993}],"plain":[1,2],"large":["9007199254740993"],"one":"sad"}\n',
    );
  });

  it('gives the same values whatever its database is set to', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TABLE "Odd ""name""" AS SELECT 1 AS id, 0.1::float8 + 0.2 AS points`,
    );
    await table.execute(`DO $$ BEGIN
      EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -15', current_database());
    END $$`);
    const fields = [
      { column: 'id', to: '_id', as: 'string' },
      { column: 'points', to: 'loyalty.points', as: 'number' },
    ] as const;
    await harness.run(mappingOf(table.source, { fields }));
    expect(harness.platform.records()).toEqual([{ _id: '1', loyalty: { points: 0.1 + 0.2 } }]);
  });

  it('is found in the schema that is named', async () => {
    await using harness = await createRunHarness();
    await using table = await createPostgresTable();
    await table.execute(`CREATE SCHEMA "C.R.M"`);
    await table.execute(`CREATE TABLE "C.R.M".people AS SELECT 1 AS id, 'Ada' AS name`);
    const source = { ...table.source, schema: 'C.R.M', table: 'people' } as MappingSource;
    expect(await harness.run(mappingOf(source))).toMatchObject({ numRecords: 1 });
  });

  it.each([
    ['nobody listens', 'postgres://crm:hunter2@127.0.0.1:1/crm', true],
    ['the string is none', 'postgres://crm:hunter2@[nowhere/crm', false],
  ])('is reported without its password if %s', async (_what, url, isTransient) => {
    await using harness = await createRunHarness();
    const outcome = await harness.run(mappingOf(postgresSource(url, 'people')));
    expect(outcome).toMatchObject({ kind: 'failed', code: 'ACP-880056', isTransient });
    expect(JSON.stringify(outcome)).toContain('CRM_DATABASE_URL');
    expect(JSON.stringify(outcome)).not.toContain('hunter2');
  });

  it('may be read again when its connection is cut', async () => {
    await using table = await createPostgresTable();
    await table.execute(
      `CREATE TABLE "Odd ""name""" AS SELECT id, 'Ada' AS name FROM generate_series(1, 5000) AS id`,
    );
    const mapping = mappingOf(table.source, { recordsPerSecond: 1_000 });
    const clock = {
      now: () => performance.now(),
      monotonicMs: () => performance.now(),
      // The first pause of the run: its connection is there, and idle.
      wait: () =>
        table.execute(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice' AND datname = current_database()`,
        ),
    };
    await using harness = await createRunHarness({ clock });
    expect(await harness.run(mapping)).toMatchObject({
      kind: 'failed',
      code: 'ACP-880056',
      isTransient: true,
    });
  });
});
