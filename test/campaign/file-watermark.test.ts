import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import { createSkippingClock } from './support/driven-clock.js';
import { createRunHarness, mappingOf } from './support/run-harness.js';

describe('change markers of a file', () => {
  const csv = async (
    rows: readonly (readonly string[])[],
    changes: Parameters<typeof mappingOf>[1] = {},
  ) => {
    await using harness = await createRunHarness();
    const path = join(harness.dir, 'people.csv');
    const mapping = mappingOf(
      { kind: 'csv', path },
      { changed: 'at', maxRejected: { kind: 'records', max: 9 }, ...changes },
    );
    const told: string[] = [];
    const lines = ['id,name,at'];
    for (const round of rows) {
      lines.push(...round.map((at, index) => `${lines.length}${index},Ada,${at}`));
      await harness.write('people.csv', `${lines.join('\n')}\n`);
      const outcome = await harness.run(mapping);
      if (outcome.kind !== 'succeeded') return outcome.kind;
      told.push(`${outcome.numRecords} sent, ${outcome.numRejected} rejected`);
    }
    return told;
  };

  it.each(['NULL', 'n/a', '31/01/2024', '10.25', '+0200', '9999-12-31', 'infinity', 'NaN'])(
    'that are date-times: %s is rejected once, and holds nothing up',
    async (odd) => {
      expect(await csv([['2024-01-01', odd], ['2024-01-02']])).toEqual([
        '1 sent, 1 rejected',
        '1 sent, 0 rejected',
      ]);
    },
  );

  it('are recognized although the first hundreds of rows have none', async () => {
    const none = Array<string>(250).fill('NULL');
    const maxRejected = { kind: 'records', max: 250 } as const;
    expect(await csv([[...none, '2024-01-01'], ['2024-01-02']], { maxRejected })).toEqual([
      '1 sent, 250 rejected',
      '1 sent, 0 rejected',
    ]);
  });

  it('that are numbers are compared as numbers, and a text among them is rejected', async () => {
    expect(await csv([['9.5', '8', 'x'], ['10.25']])).toEqual([
      '2 sent, 1 rejected',
      '1 sent, 0 rejected',
    ]);
  });

  it('that are days of another form are rejected until they are declared', async () => {
    const rows = [['31/01/2024'], ['01/02/2024', '30/11/2023']];
    expect(await csv(rows)).toBe('failed');
    const changedAs = { as: 'date-time', format: 'dd/MM/yyyy' } as const;
    expect(await csv(rows, { changedAs })).toEqual(['1 sent, 0 rejected', '1 sent, 0 rejected']);
  });
});

describe('a source without new rows', () => {
  const missedOne =
    '1 new or changed record was not sent: its change marker is not above the watermark.';
  const missedTwo =
    '2 new or changed records were not sent: their change markers are not above the watermark.';

  it.each([
    ['gains one', '1,Ada,2024-01-01\n2,Zoë,2024-01-02\n3,Noor,2024-01-01\n', 0, missedOne],
    ['gains as many as it loses', '2,Zoë,2024-01-02\n3,Noor,2024-01-01\n', 0, missedOne],
    ['gains fewer than it loses', '3,Noor,2024-01-01\n', 0, missedOne],
    [
      'gains others, which are sent',
      '2,Zoë,2024-01-02\n3,Noor,2024-01-01\n4,Kim,2024-01-01\n5,Bo,2024-01-03\n',
      1,
      missedTwo,
    ],
    ['changes one', '1,Ida,2024-01-01\n2,Zoë,2024-01-02\n', 0, missedOne],
    ['repeats some', '2,Zoë,2024-01-02\n1,Ada,2024-01-01\n2,Zoë,2024-01-02\n', 0, ''],
    ['loses one', '2,Zoë,2024-01-02\n', 0, ''],
  ])('says so where it %s below the watermark', async (_what, rows, numRecords, reason) => {
    await using harness = await createRunHarness();
    const path = await harness.write('a.csv', 'id,name,at\n1,Ada,2024-01-01\n2,Zoë,2024-01-02\n');
    const mapping = mappingOf({ kind: 'csv', path }, { changed: 'at' });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 2, reason: '' });
    await harness.write('a.csv', `id,name,at\n${rows}`);
    expect(await harness.run(mapping)).toMatchObject({ numRecords, reason });
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 0, reason: '' });
  });

  it('says nothing of records that another mapping makes look new', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('a.csv', 'id,name,at\n1,Ada,2024-01-01\n2,Zoë,2024-01-02\n');
    const mapping = mappingOf({ kind: 'csv', path }, { changed: 'at' });
    await harness.run(mapping);
    const fields = mapping.fields.slice(0, 1);
    expect(await harness.run({ ...mapping, fields })).toMatchObject({ reason: '' });
  });

  it('is reported if a file came late, although another one is gone', async () => {
    await using harness = await createRunHarness();
    const first = await harness.write('b.csv', 'id,name,at\n1,Ada,7\n2,Zoë,8\n');
    const path = join(harness.dir, '*.csv');
    const mapping = mappingOf({ kind: 'csv', path }, { changed: 'at' });
    await harness.run(mapping);
    await rm(first);
    await harness.write('a.csv', 'id,name,at\n3,Noor,6\n4,Kim,9\n');
    expect(await harness.run(mapping)).toMatchObject({ numRecords: 1, reason: missedOne });
  });
});

describe('a marker that is ahead of the clock', () => {
  const soon = new Date(createSkippingClock().now() + 20 * 3_600_000).toISOString();
  const past = (minutes: number) =>
    new Date(createSkippingClock().now() - minutes * 60_000).toISOString();

  it.each(['csv', 'sqlite'] as const)('holds up nothing that comes after it: %s', async (kind) => {
    await using harness = await createRunHarness();
    const rows: [string, string][] = [
      ['1', past(60)],
      ['2', soon],
    ];
    const path = join(harness.dir, 'people');
    const write = async () => {
      if (kind === 'csv') {
        const lines = rows.map(([id, at]) => `${id},Ada,${at}\n`);
        await harness.write('people', `id,name,at\n${lines.join('')}`);
        return;
      }
      using database = new DatabaseSync(path);
      database.exec('CREATE TABLE IF NOT EXISTS people (id TEXT UNIQUE, name TEXT, at TEXT)');
      const insert = database.prepare(`INSERT OR IGNORE INTO people VALUES (?, 'Ada', ?)`);
      for (const row of rows) insert.run(...row);
    };
    const source = kind === 'csv' ? { kind, path } : { kind, path, table: 'people' };
    const mapping = mappingOf(source, { changed: 'at' });
    const sent: number[] = [];
    for (const row of [null, null, ['3', past(5)], ['4', past(1)], null] as const) {
      if (row) rows.push([...row]);
      await write();
      await harness.run(mapping);
      sent.push(harness.platform.records().length);
    }
    expect(sent).toEqual([2, 2, 3, 4, 4]);
  });
});
