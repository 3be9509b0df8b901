import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
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
