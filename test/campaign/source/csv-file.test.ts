import { appendFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../src/adobe/clock.js';
import type { CsvFile } from '../../../src/campaign/mapping/mapping.js';
import { createSkippingClock } from '../support/driven-clock.js';
import { createRunHarness, mappingOf } from '../support/run-harness.js';

describe('a CSV file', () => {
  it('keeps quoted commas, line ends and quotes, and ignores a byte order mark', async () => {
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

  it('rejects header lines that repeat where files were joined', async () => {
    await using harness = await createRunHarness();
    const content = `\uFEFFid,name\n1,Zoë\n\uFEFFid,name\n2,Ole\n`;
    const path = await harness.write('people.csv', content);
    const mapping = mappingOf({ kind: 'csv', path }, { maxRejected: { kind: 'records', max: 1 } });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 1 });
  });

  it('accepts byte order marks at the beginning, and rejects records with one elsewhere', async () => {
    await using harness = await createRunHarness();
    const content = '\uFEFF\uFEFFid,name\n1,Ada\n\uFEFF2,Zoë\n3,Noor\n';
    const path = await harness.write('people.csv', content);
    const mapping = mappingOf({ kind: 'csv', path }, { maxRejected: { kind: 'records', max: 1 } });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, numRejected: 1 });
    expect(harness.platform.records().map(({ _id }) => _id)).toEqual(['1', '3']);
    expect(await harness.rejects()).toMatchObject([{ line: 3 }]);
  });

  it('is refused if its byte order mark contradicts the declared encoding', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', `\uFEFF${people}`);
    const source = { kind: 'csv', path, encoding: 'windows-1252' } as const;
    expect(await harness.run(mappingOf(source))).toMatchObject({
      code: 'ACP-880056',
      reason:
        'people.csv: begins with the byte order mark of utf-8, but its mapping says windows-1252',
    });
  });

  it('may lack the column of a field that is not required', async () => {
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

  it('may be removed from its folder before it is read', async () => {
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

  it('is read once its `.done` file exists', async () => {
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

  it('is left out of its folder until its `.done` file exists, and the run says so', async () => {
    await using harness = await createRunHarness();
    await harness.write('a.csv', people);
    await harness.write('b.csv', people);
    const mapping = mappingOf({ kind: 'csv', path: join(harness.dir, '*.csv'), ready: '.done' });
    const run = () => harness.run(mapping);
    const incomplete = (names: string) =>
      `Not read, because no .done file was written after them: ${names}.`;
    expect(await run()).toMatchObject({ numRecords: 0, reason: incomplete('a.csv, b.csv') });
    await harness.write('a.csv.done', '');
    expect(await run()).toMatchObject({ numRecords: 2, reason: incomplete('b.csv') });
    await harness.write('b.csv.done', '');
    expect(await run()).toMatchObject({ numRecords: 4, reason: '' });
  });

  it('is read with all others that match a pattern, in the order of their names', async () => {
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

  it('has no value where the text stands for none', async () => {
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

  it('sends rows above the watermark, whatever the form of their date-times', async () => {
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
