import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/adobe/clock.js';
import type { Mapping, MappingSource } from '../../src/campaign/mapping/mapping.js';
import { createIngestionRunner } from '../../src/campaign/run/ingestion-run.js';
import type { Watermark } from '../../src/campaign/source/watermark.js';
import type { RunOutcome } from '../../src/campaign/state/run-outcome.js';
import { createPlatformClient } from '../../src/campaign/upload/platform-client.js';
import { type LocalPlatform, startLocalPlatform } from '../../src/local-platform.js';
import { createTestDatabase, execute } from '../support/postgres.js';
import { silentLogger } from '../support/silent-logger.js';
import { mappingOf } from './support/run-harness.js';

/** `npm run bench:ingest` does the same with 200,000 rows and more. */
const ROWS = 5_000;

const CREATE = `CREATE TABLE people (id integer PRIMARY KEY, mail text, name text, points integer, changed text)`;
/** Many rows share a marker. */
const FILL = `INSERT INTO people SELECT i, 'p' || i || '@example.com', 'Zoë ' || i, i % 700, '2024-01-01T00:00:' || (10 + i / 200) FROM numbers`;
const CHANGE = `UPDATE people SET name = 'Kim ' || id, changed = '2024-01-02T00:00:00' WHERE id % 500 = 7`;

const fields: Mapping['fields'] = [
  { column: 'id', to: '_id', as: 'string', required: true },
  { column: 'mail', to: 'identityMap.Email', required: true },
  { column: 'name', to: 'person.name.firstName' },
  { column: 'points', to: 'loyalty.points', as: 'integer' },
];

const toRecord = (id: number, name: string) => ({
  _id: String(id),
  identityMap: { Email: [{ id: `p${id}@example.com`, primary: true }] },
  person: { name: { firstName: `${name} ${id}` } },
  loyalty: { points: id % 700 },
});

let dir = '';
let receiver: LocalPlatform;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'table-'));
  receiver = await startLocalPlatform(
    {
      host: '127.0.0.1',
      port: 0,
      dataDir: dir,
      datasetsDir: 'datasets',
      apiKey: 'k',
      imsOrg: 'acme@AdobeOrg',
      sandbox: 'prod',
      clientId: 'c',
      clientSecret: 's',
      stepMs: 0,
    },
    silentLogger,
  );
});

afterAll(async () => {
  await receiver.stop();
  await rm(dir, { recursive: true, force: true });
});

interface FilledTable extends AsyncDisposable {
  readonly source: MappingSource;
  execute(sql: string): Promise<void>;
}

async function fillSqlite(): Promise<FilledTable> {
  const path = join(dir, 'crm.db');
  const database = new DatabaseSync(path);
  database.exec(
    `${CREATE}; WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ${ROWS}) ${FILL}`,
  );
  return {
    source: { kind: 'sqlite', path, table: 'people' },
    execute: async (sql) => database.exec(sql),
    async [Symbol.asyncDispose]() {
      database.close();
    },
  };
}

async function fillPostgres(): Promise<FilledTable> {
  const { url, drop } = await createTestDatabase();
  await execute(
    url,
    `${CREATE}; WITH numbers AS (SELECT i FROM generate_series(1, ${ROWS}) AS i) ${FILL}`,
  );
  return {
    source: {
      kind: 'postgres',
      variable: 'CRM_DATABASE_URL',
      connectionString: () => url,
      table: 'people',
    },
    execute: (sql) => execute(url, sql),
    [Symbol.asyncDispose]: drop,
  };
}

/** What the receiver has of a batch, by the id of the record. */
async function recordsOf(batchId: string | null): Promise<Record<string, unknown>[]> {
  const filesDir = join(dir, 'platform', 'batches', String(batchId), 'files');
  const names = await readdir(filesDir);
  const texts = await Promise.all(names.map((name) => readFile(join(filesDir, name), 'utf8')));
  return texts
    .flatMap((text) => text.trimEnd().split('\n'))
    .map((line) => JSON.parse(line))
    .sort((a, b) => Number(a._id) - Number(b._id));
}

describe.each([
  ['SQLite', fillSqlite],
  ['PostgreSQL', fillPostgres],
])('a table of %s', (_kind, fill) => {
  it('arrives at the local receiver row by row, and then only with its changes', async () => {
    await using table = await fill();
    const client = createPlatformClient(receiver.settings, systemClock);
    const rejectsDir = join(dir, 'rejects');
    const runner = createIngestionRunner({
      platform: client,
      rejectsDir,
      fileBytes: 256 * 1024,
      clock: systemClock,
    });
    const mapping = mappingOf(table.source, { fields, changed: 'changed' });
    let watermark: Watermark | null = null;
    let reached: Watermark | null = null;
    async function run(): Promise<Extract<RunOutcome, { kind: 'succeeded' }>> {
      const outcome = await runner.run(mapping, watermark, {
        jobId: 1,
        onProgress() {},
        onBatchCreated() {},
        onSourceRead(read) {
          reached = read;
        },
        onBatchWhole() {},
        onUploaded() {},
        signal: new AbortController().signal,
      });
      if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
      watermark = reached;
      return outcome;
    }

    const first = await run();
    expect(first).toMatchObject({ numRecords: ROWS, numRejected: 0 });
    expect(watermark).toMatchObject({ marker: '2024-01-01T00:00:35.000000000Z' });
    expect(await recordsOf(first.batchId)).toEqual(
      Array.from({ length: ROWS }, (_, index) => toRecord(index + 1, 'Zoë')),
    );

    expect(await run()).toMatchObject({ numRecords: 0, batchId: null });

    await table.execute(CHANGE);
    const second = await run();
    expect(second).toMatchObject({ numRecords: 10, numRejected: 0 });
    expect(await recordsOf(second.batchId)).toEqual(
      Array.from({ length: 10 }, (_, index) => toRecord(index * 500 + 7, 'Kim')),
    );
    await client.close();
  });
});
