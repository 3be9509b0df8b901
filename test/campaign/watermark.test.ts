import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDigestList, openDigestSet } from '../../src/campaign/source/digests.js';
import { createKnownRows } from '../../src/campaign/source/known-rows.js';
import { createSkippingClock } from './support/driven-clock.js';
import { createRunHarness, mappingOf } from './support/run-harness.js';

/** What happens to the table between two runs; the marker is coarse, so that many rows share one. */
const changes = fc.array(
  fc.record({
    id: fc.integer({ min: 1, max: 12 }),
    name: fc.constantFrom('Ada', 'Zoë', 'Noor'),
    /** How far the clock has gone on before the change. */
    later: fc.integer({ min: 0, max: 1 }),
  }),
  { maxLength: 8 },
);

/** How a marker is written, by its time in ms and the id of its row. */
const MARKERS: readonly { type: string; of: (ms: number, id: number) => string | number }[] = [
  { type: 'INTEGER', of: (ms) => ms },
  { type: 'TEXT', of: (ms) => new Date(ms).toISOString() },
  { type: 'TEXT', of: (ms, id) => inZone(ms, id % 3) },
];

/** The instant as so many hours east of Greenwich have it: not in the order of its text. */
function inZone(ms: number, hours: number): string {
  const clock = new Date(ms + hours * 3_600_000).toISOString().slice(0, 19);
  return hours === 0 ? `${clock}Z` : `${clock}+0${hours}:00`;
}

describe('runs of a table that changes', () => {
  it('send each change once, and leave Platform with the latest state of every row', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(changes, { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...MARKERS),
        async (rounds, { type, of }) => {
          await using harness = await createRunHarness();
          const path = join(harness.dir, 'crm.db');
          using database = new DatabaseSync(path);
          database.exec(`CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, changed ${type})`);
          const upsert = database.prepare(
            'INSERT INTO people VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name, changed = excluded.changed',
          );
          const mapping = mappingOf(
            { kind: 'sqlite', path, table: 'people' },
            { changed: 'changed' },
          );
          const states = new Map<string, string>();
          let sentBefore = 0;
          let now = 1_700_000_000_000;

          for (const round of rounds) {
            const before = new Map(states);
            for (const { id, name, later } of round) {
              now += later * 1_000;
              const marker = of(now, id);
              upsert.run(id, name, marker);
              states.set(String(id), `${name} ${marker}`);
            }
            const outcome = await harness.run(mapping);
            const sent = harness.platform.records().slice(sentBefore);
            sentBefore += sent.length;

            const changed = [...states].filter(([id, state]) => before.get(id) !== state);
            expect(outcome).toMatchObject({ kind: 'succeeded', numRecords: sent.length });
            expect(sent.map(({ _id }) => _id).sort()).toEqual(changed.map(([id]) => id).sort());
          }
          const onPlatform = new Map(
            harness.platform.records().map(({ _id, person }) => [_id, person]),
          );
          expect(onPlatform).toEqual(
            new Map(
              [...states].map(([id, state]) => [id, { name: { firstName: state.split(' ')[0] } }]),
            ),
          );
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('a view whose marker is beyond 2^53', () => {
  it('sends new rows once', async () => {
    await using harness = await createRunHarness();
    const path = join(harness.dir, 'crm.db');
    using database = new DatabaseSync(path);
    database.exec(`CREATE TABLE people (id INTEGER, name TEXT, ms INTEGER);
      CREATE VIEW changes AS SELECT id, name, ms * 1000000 AS ns FROM people`);
    const mapping = mappingOf({ kind: 'sqlite', path, table: 'changes' }, { changed: 'ns' });
    const counts: number[] = [];
    for (const id of [1, 2]) {
      database.exec(`INSERT INTO people VALUES (${id}, 'Ada', ${1_700_000_000_000 + id})`);
      for (const _again of [1, 2]) {
        await harness.run(mapping);
        counts.push(harness.platform.records().length);
      }
    }
    expect(counts).toEqual([1, 1, 2, 2]);
  });
});

describe('known rows', () => {
  it.each([1, 100, 30_000])('are told from new ones: %i', (count) => {
    const first = createKnownRows(null, 'a');
    for (let id = 0; id < count; id += 1) expect(first.add([id])).toBe(false);
    const kept = first.toBytes();
    const second = createKnownRows(kept, 'a');
    let numNew = 0;
    for (let id = 0; id < count * 2; id += 1) {
      if (!second.add([id])) continue;
      expect(id).toBeGreaterThanOrEqual(count);
      numNew += 1;
    }
    expect(numNew).toBeGreaterThan(count * 0.97);
    expect(createKnownRows(kept, 'b').add(['new'])).toBe(false);
    expect(kept.length).toBeLessThan(100 + count * 4);
  });
});

describe('a mapping whose `changed` is another column now', () => {
  it('sends everything once, and continues with that column', async () => {
    await using harness = await createRunHarness();
    const path = join(harness.dir, 'crm.db');
    using database = new DatabaseSync(path);
    database.exec(`CREATE TABLE people (id INTEGER, name TEXT, at TEXT, revision INTEGER);
      INSERT INTO people VALUES (1, 'Ada', '2024-01-01', 7), (2, 'Noor', '2024-01-02', 8)`);
    const source = { kind: 'sqlite', path, table: 'people' } as const;
    const counts: number[] = [];
    for (const changed of ['at', 'at', 'revision', 'revision']) {
      await harness.run(mappingOf(source, { changed }));
      counts.push(harness.platform.records().length);
    }
    expect(counts).toEqual([2, 2, 4, 4]);
  });
});

describe('digests of rows', () => {
  it.each([0, 1, 5_000, 70_000])('find each of %i rows again, and no other', (count) => {
    const list = createDigestList();
    for (let id = 0; id < count; id += 1) list.add([id, 'x']);
    list.add([0, 'x']);
    const isIn = openDigestSet(list.toParts());
    for (let id = 1; id < count; id += 1) {
      if (isIn([id, 'x']) && !isIn([id, 'y'])) continue;
      throw new Error(`the set is wrong about row ${id}`);
    }
  });

  it('are dropped when the list starts over', () => {
    const list = createDigestList();
    for (let id = 0; id < 70_000; id += 1) list.add([id]);
    list.clear();
    expect(list.toParts()).toEqual([]);
    list.add(['a']);
    const isIn = openDigestSet(list.toParts());
    expect([isIn(['a']), isIn([1]), isIn([69_999])]).toEqual([true, false, false]);
  });

  it('match no row if there are none', () => {
    expect(openDigestSet([])([])).toBe(false);
  });
});

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

describe('a mapping whose source is in another folder now', () => {
  it('sends everything once', async () => {
    await using harness = await createRunHarness();
    const counts: number[] = [];
    for (const folder of ['a', 'b', 'b']) {
      await mkdir(join(harness.dir, folder), { recursive: true });
      const path = await harness.write(join(folder, 'people.csv'), 'id,name,at\n1,Ada,5\n');
      await harness.run(mappingOf({ kind: 'csv', path }, { changed: 'at' }));
      counts.push(harness.platform.records().length);
    }
    expect(counts).toEqual([1, 2, 2]);
  });
});

describe('a mapping whose dataset is another one now', () => {
  it('sends everything once', async () => {
    await using harness = await createRunHarness();
    const path = await harness.write('people.csv', 'id,name,at\n1,Ada,5\n');
    const source = { kind: 'csv', path } as const;
    const counts: number[] = [];
    for (const dataset of ['a', 'b', 'b'].map((letter) => letter.repeat(24))) {
      await harness.run(mappingOf(source, { changed: 'at', dataset }));
      counts.push(harness.platform.records().length);
    }
    expect(counts).toEqual([1, 2, 2]);
  });
});
