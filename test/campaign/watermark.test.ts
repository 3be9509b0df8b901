import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDigestList, openDigestSet } from '../../src/campaign/source/digests.js';
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

describe('runs of a table that changes', () => {
  it('send each change once, and leave Platform with the last state of every row', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(changes, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('INTEGER', 'TEXT'),
        async (rounds, type) => {
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
              const marker = type === 'TEXT' ? new Date(now).toISOString() : now;
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
  it('sends what is new, and nothing twice', async () => {
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
  it('sends everything once, and goes on by that column', async () => {
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
    const set = openDigestSet(list.toParts());
    for (let id = 1; id < count; id += 1) {
      if (set.has([id, 'x']) && !set.has([id, 'y'])) continue;
      throw new Error(`the set is wrong about row ${id}`);
    }
  });

  it('are forgotten when the list begins anew', () => {
    const list = createDigestList();
    for (let id = 0; id < 70_000; id += 1) list.add([id]);
    list.clear();
    expect(list.toParts()).toEqual([]);
    list.add(['a']);
    const set = openDigestSet(list.toParts());
    expect([set.has(['a']), set.has([1]), set.has([69_999])]).toEqual([true, false, false]);
  });

  it('are no row where there are none', () => {
    expect(openDigestSet([]).has([])).toBe(false);
  });
});
