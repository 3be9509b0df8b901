import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { toRequestRow } from '../../../src/datasources/log/ingestion-log.rows.js';
import { createReplicaRegistry } from '../../../src/datasources/replicas/replica-registry.datasource.js';
import { createWatchTable } from '../../../src/datasources/replicas/watch-table.datasource.js';
import {
  type IngestionRecord,
  type RequestRef,
  toRequestKey,
} from '../../../src/ingestion/ingestion-request.js';
import type { WatchReport } from '../../../src/ingestion/ports.js';
import type { ReplicaRegistry, WatchTable } from '../../../src/ingestion/replica-ports.js';
import { systemClock } from '../../../src/process/system-clock.js';
import { openReplicaDatabase } from '../../support/open-replica-database.js';

const LONG_MS = 60_000;

let database: Awaited<ReturnType<typeof openReplicaDatabase>>;
let registry: ReplicaRegistry;
let table: WatchTable;

beforeAll(async () => {
  database = await openReplicaDatabase();
  registry = createReplicaRegistry(database, 'process 1');
  table = createWatchTable(database, systemClock);
});
afterAll(async () => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await sql`truncate requests, watches, replicas`.execute(database.db);
});

const ref = (requestId: number): RequestRef => ({ mappingId: 'm', requestId: String(requestId) });

function toRunning(id: number): IngestionRecord {
  return {
    ref: ref(id),
    state: { status: 'IN_PROGRESS', info: 'It runs.', batchId: null },
    startedAt: null,
    firstObservedAt: 1,
    changedAt: 1,
    firstPosition: id,
  };
}

/** Have requests that run, as the log writes them. */
async function begin(count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => toRequestRow(toRunning(index + 1)));
  await database.db.insertInto('requests').values(rows).execute();
}

async function finish(id: number): Promise<void> {
  await database.db
    .updateTable('requests')
    .set({ status: 'SUCCESS' })
    .where('request_key', '=', toRequestKey(ref(id)))
    .execute();
}

async function expire(replicaId: string): Promise<void> {
  await sql`update replicas set expires_at = now() - interval '1 ms' where replica_id = ${replicaId}`.execute(
    database.db,
  );
}

const idsOf = (refs: readonly RequestRef[]) => refs.map(({ requestId }) => requestId).sort();

const report: WatchReport = {
  lastObservedAt: 0,
  observedAgoMs: null,
  lastPolledAt: 0,
  nextPollAt: 0,
  intervalMs: 1_500,
  consecutiveFailures: 2,
  lastFailure: { code: 'UPSTREAM_TIMEOUT', message: 'late', at: 5 },
};

describe('the registry of replicas', () => {
  it('tells who is alive, and once who died', async () => {
    await registry.join('a', LONG_MS);
    await registry.join('b', LONG_MS);
    await registry.join('c', LONG_MS);
    expect(await registry.beat('a', LONG_MS)).toMatchObject({ livingCount: 3, deadIds: [] });
    await expire('b');
    await registry.leave('c');
    expect(await registry.livingProcesses()).toEqual(['process 1']);
    expect(await registry.beat('a', LONG_MS)).toMatchObject({ livingCount: 1, deadIds: ['b'] });
    expect(await registry.beat('a', LONG_MS)).toMatchObject({ livingCount: 1, deadIds: [] });
  });

  it('has no dead one live on where the clock of the database was set back', async () => {
    const ttlMs = 500;
    await registry.join('a', ttlMs);
    await registry.join('dead', ttlMs);
    await sql`update replicas set expires_at = expires_at + interval '1 hour'`.execute(database.db);
    await registry.beat('a', ttlMs);
    const { rows } = await sql<{ left_ms: number }>`
      select (extract(epoch from max(expires_at) - now()) * 1000)::float8 as left_ms
      from replicas`.execute(database.db);
    expect(rows[0]?.left_ms).toBeLessThanOrEqual(ttlMs);
  });

  it('tells a replica that was taken for dead so, whether or not another one noticed', async () => {
    await registry.join('a', LONG_MS);
    await registry.join('b', LONG_MS);
    await expire('b');
    expect(await registry.beat('b', LONG_MS)).toBeNull();
    expect(await registry.livingProcesses()).toEqual(['process 1']);
    expect(await registry.beat('b', LONG_MS)).toBeNull();
  });
});

describe('the table of watches', () => {
  it('has a watch for each request that runs, as long as it runs', async () => {
    await registry.join('a', LONG_MS);
    await begin(3);
    expect(await registry.beat('a', LONG_MS)).toMatchObject({ watchCount: 3, freeCount: 3 });
    await finish(2);
    const taken = await table.takeFree('a', 10);
    expect(idsOf(taken.map(({ record }) => record.ref))).toEqual(['1', '3']);
    expect(taken[0]).toEqual({
      record: toRunning(Number(taken[0]?.record.ref.requestId)),
      report: null,
    });
    expect(await registry.beat('a', LONG_MS)).toMatchObject({
      watchCount: 2,
      heldCount: 2,
      freeCount: 0,
    });
  });

  it('gives each watch to one of those that take at once', async () => {
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await registry.join(name, LONG_MS);
    await begin(200);
    const taken = await Promise.all(
      names.flatMap((name) => Array.from({ length: 5 }, () => table.takeFree(name, 20))),
    );
    const ids = taken.flat().map(({ record }) => record.ref.requestId);
    expect(new Set(ids).size).toBe(ids.length);
    const left = await table.takeFree('a', 200);
    expect(left.length + ids.length).toBe(200);
  });

  it('keeps what a living replica has from the others, and gives them what a dead one had', async () => {
    await registry.join('a', LONG_MS);
    await registry.join('b', LONG_MS);
    await begin(4);
    expect(idsOf(await table.take('a', [ref(1), ref(2), ref(9)]))).toEqual(['1', '2']);
    expect(idsOf(await table.take('b', [ref(2), ref(3)]))).toEqual(['3']);
    // Safe to repeat, where an answer was lost.
    expect(idsOf(await table.take('a', [ref(1)]))).toEqual(['1']);
    await expire('a');
    expect(await table.takeFree('b', 10)).toHaveLength(3);
    expect(await table.take('a', [ref(1)])).toEqual([]);
    const held = await table.listHeld('b');
    expect(idsOf(held.map(({ record }) => record.ref))).toEqual(['1', '2', '3', '4']);
  });

  it('tells how a request is watched by the distance from now', async () => {
    await registry.join('a', LONG_MS);
    await begin(2);
    await table.take('a', [ref(1)]);
    const now = Date.now();
    const written = {
      ...report,
      lastObservedAt: now - 5_000,
      lastPolledAt: now - 1_000,
      nextPollAt: now + 3_000,
    };
    expect(await table.write('a', [{ ref: ref(1), report: written }])).toEqual([]);
    // Another machine, whose clock is an hour ahead.
    const ahead = { ...systemClock, now: () => Date.now() + 3_600_000 };
    const [found, ...others] = await createWatchTable(database, ahead).findReports([
      ref(1),
      ref(2),
      ref(3),
    ]);
    expect(others).toEqual([null, null]);
    const { intervalMs, consecutiveFailures, lastFailure } = report;
    expect(found).toMatchObject({ intervalMs, consecutiveFailures, lastFailure });
    const agoMs = (at: number | null | undefined) => Math.round((ahead.now() - (at ?? 0)) / 1_000);
    expect(agoMs(found?.lastObservedAt)).toBe(5);
    expect(agoMs(found?.lastPolledAt)).toBe(1);
    expect(agoMs(found?.nextPollAt)).toBe(-3);
  });

  it('tells who writes which watches it has no longer', async () => {
    await registry.join('a', LONG_MS);
    await registry.join('b', LONG_MS);
    await begin(3);
    await table.take('a', [ref(1), ref(2), ref(3)]);
    await finish(1);
    await expire('a');
    await table.take('b', [ref(2)]);
    const watches = [1, 2, 3].map((id) => ({ ref: ref(id), report }));
    expect(idsOf(await table.write('a', watches))).toEqual(['1', '2']);
  });

  it('hands a watch on with how it was watched', async () => {
    await registry.join('a', LONG_MS);
    await registry.join('b', LONG_MS);
    await begin(1);
    await table.take('a', [ref(1)]);
    await table.giveBack('a', [
      { ref: ref(1), report: { ...report, nextPollAt: Date.now() + 1_000 } },
    ]);
    const [handover] = await table.takeFree('b', 1);
    expect(handover?.report).toMatchObject({ intervalMs: 1_500, consecutiveFailures: 2 });
  });

  it('knows of a sighting by somebody who does not watch', async () => {
    await registry.join('a', LONG_MS);
    await begin(1);
    await table.take('a', [ref(1)]);
    await table.write('a', [{ ref: ref(1), report: { ...report, lastObservedAt: 1 } }]);
    await table.noteSeen([ref(1), ref(7)]);
    const [found] = await table.findReports([ref(1)]);
    expect(Date.now() - (found?.lastObservedAt ?? 0)).toBeLessThan(60_000);
  });

  it('waits for no commit that is under way: neither to take, nor to write', async () => {
    await registry.join('a', LONG_MS);
    await begin(2);
    await table.take('a', [ref(1), ref(2)]);
    await database.db.transaction().execute(async (transaction) => {
      await transaction
        .updateTable('requests')
        .set({ status: 'FAILED' })
        .where('request_key', '=', toRequestKey(ref(1)))
        .execute();
      expect(
        await table.write(
          'a',
          [1, 2].map((id) => ({ ref: ref(id), report })),
        ),
      ).toEqual([]);
      expect(idsOf(await table.take('a', [ref(1), ref(2)]))).toEqual(['2']);
    });
    expect(idsOf(await table.write('a', [{ ref: ref(1), report }]))).toEqual(['1']);
  });
});
