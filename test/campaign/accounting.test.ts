import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Mapping, MappingSource } from '../../src/campaign/mapping/mapping.js';
import { createIngestionRunner } from '../../src/campaign/run/ingestion-run.js';
import type { Watermark } from '../../src/campaign/source/watermark.js';
import type { RunOutcome, WholeBatch } from '../../src/campaign/state/run-outcome.js';
import { createPlatformClient } from '../../src/campaign/upload/platform-client.js';
import { createSeededRandom } from '../crash/seeded-random.js';
import { startFaultyPlatform } from '../ingest/faulty-platform.js';
import { createSkippingClock } from './support/driven-clock.js';
import { mappingOf } from './support/run-harness.js';
import {
  createWorkspace,
  mappingYaml,
  readBatches,
  startReceiver,
} from './support/running-service.js';

const DATASET = JSON.parse(mappingYaml('M')).dataset as string;

/** What is added to a source. `late` has a marker below the others, and `copy` is the row before once more. */
const ROW_KINDS = [
  ...['new', 'new', 'new', 'late', 'copy'],
  ...['odd marker', 'ahead', 'bad value', 'no key', 'broken', 'refused by Platform'],
] as const;

type SourceKind = 'csv' | 'ndjson' | 'csv files' | 'sqlite';

interface Row {
  readonly kind: string;
  readonly id: string;
  readonly at: string;
  readonly name: string;
  readonly points: string;
}

const round = fc.record({
  rows: fc.array(
    fc.record({
      kind: fc.constantFrom(...ROW_KINDS),
      /** Whether the clock of those who write has gone on before. */
      isLater: fc.boolean(),
    }),
    { maxLength: 12 },
  ),
  /** How many of the oldest rows are gone. */
  lost: fc.integer({ min: 0, max: 3 }),
  /** After how many calls the run is cut off; 0: it is not. */
  cutAfter: fc.constantFrom(0, 0, 0, 1, 3, 5, 8),
});

const scenario = fc.record({
  source: fc.constantFrom<SourceKind>('csv', 'ndjson', 'csv files', 'sqlite'),
  /** Whether rows are lost; else copies come. */
  loses: fc.boolean(),
  maxRejected: fc.constantFrom<Mapping['maxRejected']>(
    { kind: 'percent', max: 100 },
    { kind: 'percent', max: 100 },
    { kind: 'records', max: 4 },
  ),
  seed: fc.nat(),
  rounds: fc.array(round, { minLength: 2, maxLength: 5 }),
});

const instantOf = (tick: number) => new Date(Date.UTC(2024, 0, 1) + tick * 1_000).toISOString();

/** Rows of a scenario, as they come. */
function createRows() {
  let count = 0;
  let tick = 100;
  let last: Row | null = null;
  return (kind: string, isLater: boolean): Row => {
    count += 1;
    if (isLater) tick += 1;
    if (kind === 'copy' && last !== null) return { ...last, kind };
    const id = `r-${count}`;
    const row = { kind, id, at: instantOf(tick), name: `v${count}`, points: '1' };
    switch (kind) {
      case 'late':
        return { ...row, at: instantOf(tick - 20) };
      case 'odd marker':
        return { ...row, at: 'NULL' };
      case 'ahead':
        return { ...row, at: '9999-12-31' };
      case 'bad value':
        return { ...row, points: 'many' };
      case 'no key':
        return { ...row, id: '' };
      case 'refused by Platform':
        return { ...row, name: 'Mallory' };
      case 'new':
        last = row;
        return row;
      default:
        return row;
    }
  };
}

async function writeRows(dir: string, kind: SourceKind, rows: readonly Row[]): Promise<void> {
  const toCsv = (some: readonly Row[]) =>
    `id,name,points,at\n${some
      .map((row) =>
        row.kind === 'broken' ? `${row.name}\n` : `${row.id},${row.name},${row.points},${row.at}\n`,
      )
      .join('')}`;
  switch (kind) {
    case 'csv':
      return writeFile(join(dir, 'people.csv'), toCsv(rows));
    case 'csv files': {
      const isFirst = (row: Row) => Number(row.name.slice(1)) % 2 === 0;
      await writeFile(join(dir, 'a.csv'), toCsv(rows.filter(isFirst)));
      return writeFile(join(dir, 'b.csv'), toCsv(rows.filter((row) => !isFirst(row))));
    }
    case 'ndjson': {
      const toLine = (row: Row) => (row.kind === 'broken' ? row.name : JSON.stringify(row));
      return writeFile(join(dir, 'people.ndjson'), rows.map((row) => `${toLine(row)}\n`).join(''));
    }
    case 'sqlite': {
      using database = new DatabaseSync(join(dir, 'crm.db'));
      database.exec(`CREATE TABLE IF NOT EXISTS people (id TEXT, name TEXT, points TEXT, at TEXT);
        DELETE FROM people`);
      const insert = database.prepare('INSERT INTO people VALUES (?, ?, ?, ?)');
      for (const { id, name, points, at } of rows) insert.run(id, name, points, at);
    }
  }
}

function sourceOf(dir: string, kind: SourceKind): MappingSource {
  switch (kind) {
    case 'csv':
      return { kind: 'csv', path: join(dir, 'people.csv') };
    case 'csv files':
      return { kind: 'csv', path: join(dir, '?.csv') };
    case 'ndjson':
      return { kind: 'ndjson', path: join(dir, 'people.ndjson') };
    case 'sqlite':
      return { kind: 'sqlite', path: join(dir, 'crm.db'), table: 'people' };
  }
}

describe('the rows of a source', () => {
  it('are accepted, rejected or reported, each once, whatever goes wrong', async () => {
    await using space = await createWorkspace();
    const receiver = await startReceiver(space);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => receiver.stop());
    let count = 0;

    await fc.assert(
      fc.asyncProperty(scenario, async ({ source, loses, maxRejected, seed, rounds }) => {
        count += 1;
        const dir = join(space.mappingsDir, String(count));
        await using own = new AsyncDisposableStack();
        const platform = own.use(
          await startFaultyPlatform(receiver.settings.url, createSeededRandom(seed)),
        );
        const clock = createSkippingClock();
        const { settings } = receiver;
        const { url } = platform;
        const token = { ...settings.token, imsUrl: url } as typeof settings.token;
        const client = createPlatformClient({ ...settings, url, token }, clock);
        own.defer(() => client.close());
        const rejectsDir = join(dir, 'rejects');
        const runner = createIngestionRunner({
          platform: client,
          rejectsDir,
          fileBytes: 400,
          clock,
        });
        const mapping = mappingOf(sourceOf(dir, source), {
          changed: 'at',
          changedAs: { as: 'date-time', format: 'iso' },
          lagMs: 60_000,
          dataset: DATASET,
          maxRejected,
          fields: [
            { column: 'id', to: '_id' },
            { column: 'name', to: 'person.name.firstName' },
            { column: 'points', to: 'loyalty.points', as: 'integer' },
          ],
        });
        await mkdir(dir);

        const make = createRows();
        const present: Row[] = [];
        const accepted: string[] = [];
        const rejected: string[] = [];
        const missedBefore = new Set<string>();
        const copied = new Set<string>();
        let told = 0;
        let added = 0;
        let watermark: Watermark | null = null;

        for (const [index, { rows, lost, cutAfter }] of rounds.entries()) {
          if (loses) present.splice(0, lost);
          for (const { kind, isLater } of rows) {
            if (loses && kind === 'copy') continue;
            if (source === 'sqlite' && kind === 'broken') continue;
            // Where nothing is before it there is nothing to be copied.
            const row = make(kind, isLater);
            if (row.kind === 'copy') copied.add(row.name);
            present.push(row);
            added += 1;
          }
          await writeRows(dir, source, present);
          const cut = new AbortController();
          if (cutAfter > 0) void platform.called(cutAfter).then(() => cut.abort());
          let proposed: Watermark | null = null;
          let whole: WholeBatch | null = null;
          const ports = (signal: AbortSignal) => ({
            jobId: index,
            onProgress() {},
            onBatchCreated() {},
            onSourceRead(reached: Watermark | null) {
              proposed = reached;
            },
            onBatchWhole(batch: WholeBatch) {
              whole = batch;
            },
            onUploaded() {},
            signal,
          });
          let outcome: RunOutcome = await runner.run(mapping, watermark, ports(cut.signal));
          // As the next start of the service does.
          if (outcome.kind === 'aborted' && whole !== null) {
            outcome = await runner.finish(whole, mapping, ports(new AbortController().signal));
          }
          if (outcome.kind !== 'succeeded') continue;
          watermark = proposed;
          const toldNow = Number(/^(\d+) new or changed record/.exec(outcome.reason)?.[1] ?? 0);
          told += toldNow;
          const records = outcome.batchId
            ? ((await readBatches(space.dataDir))[outcome.batchId] ?? [])
            : [];
          const names = (records as { person?: { name?: { firstName?: string } } }[]).map(
            ({ person }) => person?.name?.firstName ?? '',
          );
          accepted.push(...names.filter((name) => name !== 'Mallory'));
          const rejects = await readFile(join(rejectsDir, `job-${index}.ndjson`), 'utf8').catch(
            () => '',
          );
          rejected.push(...rejects.split('\n').filter(Boolean));
          expect(rejects.split('\n').filter(Boolean)).toHaveLength(outcome.numRejected);
          expect(outcome.numRecords).toBe(names.filter((name) => name !== 'Mallory').length);

          if (!loses) {
            // What has been sent need not be sent again.
            const copies = added - accepted.length - rejected.length - told;
            expect(copies).toBeGreaterThanOrEqual(0);
            expect(copies).toBeLessThanOrEqual(
              present.filter(({ kind }) => kind === 'copy').length,
            );
          }
          const isSent = new Set(accepted);
          const isOld = ({ kind }: Row) => kind === 'late' || kind === 'copy';
          if (source !== 'sqlite') {
            const missed = present.filter((row) => isOld(row) && !isSent.has(row.name));
            const names = new Set(missed.map(({ name }) => name));
            const missedNow = [...names].filter((name) => !missedBefore.has(name));
            expect(toldNow).toBeGreaterThanOrEqual(missedNow.length);
            expect(toldNow).toBeLessThanOrEqual(present.filter(isOld).length);
            for (const name of missedNow) missedBefore.add(name);
          }
          const lostRows = present.filter((row) => {
            const { kind, name, id } = row;
            if (kind === 'new') return !isSent.has(name);
            if (isOld(row)) return source === 'sqlite' && !isSent.has(name);
            if (kind === 'refused by Platform') return !rejected.some((one) => one.includes(id));
            return !rejected.some((one) => one.includes(name));
          });
          expect(lostRows).toEqual([]);
          const sentTwice = accepted.filter((name, at) => accepted.indexOf(name) !== at);
          expect(sentTwice.filter((name) => !copied.has(name))).toEqual([]);
        }
        await rm(dir, { recursive: true });
      }),
      {
        numRuns: Number(process.env.ACCOUNTING_RUNS ?? 15),
        // Otherwise the search for the shortest example would outlast the test, which then would tell nothing.
        interruptAfterTimeLimit: 45_000,
        markInterruptAsFailure: true,
      },
    );
  }, 60_000);
});
