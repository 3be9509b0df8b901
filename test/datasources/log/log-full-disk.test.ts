import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { writeMeta } from '../../../src/datasources/log/ingestion-log.meta.js';
import { openLog } from '../../../src/datasources/log/sqlite/sqlite.log-file.js';
import type { ReportedState } from '../../../src/ingestion/ingestion-request.js';
import type { Transition } from '../../../src/ingestion/transition.js';
import { startBusyUpstream } from '../../crash/busy-upstream.js';
import { follow } from '../../crash/follower.js';
import { createSeededRandom } from '../../crash/seeded-random.js';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  IngestionTransitionsDocument,
  StartIngestionDocument,
} from '../../generated/operations.js';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';
import { startGatewayProcess } from '../../support/gateway-process.js';
import { held, json, startScriptedUpstream } from '../../support/scripted-upstream.js';
import { mountSmallDisk } from '../../support/small-disk.js';
import { openIngestionLog } from '../../support/sqlite-log.js';
import { startTestGateway } from '../../support/test-gateway.js';

const DISK_BYTES = 2 * 1024 * 1024;

const ref = { mappingId: 'XDM44', requestId: '3520' };
const other = { mappingId: 'TestDoc', requestId: '3521' };
const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
const finished: ReportedState = { status: 'SUCCESS', info: 'done', batchId: null, numRecords: 15 };

const left: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of left.splice(0).reverse()) await leave();
});

async function makeDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'log-'));
  left.push(() => rm(dataDir, { recursive: true }));
  return dataDir;
}

/** The tests with a disk that is really full; none if this user may not mount one, and the other tests stand in. */
const probe = mountSmallDisk(DISK_BYTES);
probe?.[Symbol.dispose]();
const disks = probe ? [mountSmallDisk] : [];

describe.each(disks)('a full disk', (mount) => {
  function mounted() {
    const disk = mount(DISK_BYTES);
    if (!disk) throw new Error('It could be mounted a moment ago.');
    left.push(() => disk[Symbol.dispose]());
    return disk;
  }

  it('refuses appends without announcing them, and accepts them once there is room', async () => {
    const disk = mounted();
    const fatal: Error[] = [];
    const log = await openIngestionLog({
      dataDir: disk.dir,
      onFatal: (error) => fatal.push(error),
    });
    left.push(() => log.close());
    const told: Transition[] = [];
    log.onAppended((transition) => told.push(transition));
    await log.append({ ref, seen: running, observedAt: 1_000 });
    disk.fill();
    const refused = await Promise.allSettled([
      log.append({ ref, seen: finished, observedAt: 2_000 }),
      log.append({ ref: other, seen: running, observedAt: 2_000 }),
    ]);
    for (const result of refused) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'LOG_UNAVAILABLE' } });
    }
    expect(told).toHaveLength(1);
    expect(await log.find([ref, other])).toMatchObject([{ state: running }, null]);
    disk.clear();
    await log.append({ ref, seen: finished, observedAt: 3_000 });
    await log.append({ ref: other, seen: running, observedAt: 3_000 });
    expect(told.map(({ position }) => position)).toEqual([1, 2, 3]);
    expect(await log.read({ kind: 'all' }, 0, 10)).toEqual(told);
    expect(fatal).toEqual([]);
  });

  it('sends no poll whose result could not be stored, and stores and announces everything once there is room', async () => {
    const disk = mounted();
    const upstream = await startScriptedUpstream();
    left.push(() => upstream.close());
    upstream.otherwise(json(200, statusAnswers.inProgress(ref.mappingId, 3520)));
    const gateway = await startTestGateway(upstream.url, { dataDir: disk.dir });
    left.push(() => gateway.stop());
    upstream.script(json(200, startAnswers.submitted(ref.mappingId, 3520)));
    await gateway.client.execute(StartIngestionDocument, { mappingId: ref.mappingId });
    const subscribed = gateway.client.subscribe(IngestionStatusChangedDocument, ref);
    await subscribed.received(1);

    let isFull = false;
    const taken = held(json(200, startAnswers.submitted(other.mappingId, 3521)));
    upstream.otherwise((response, call) => {
      const { requestId } = call.rawPath.includes(other.requestId) ? other : ref;
      const answer = call.rawPath.includes(other.requestId)
        ? statusAnswers.aborted(other.mappingId, Number(requestId))
        : (isFull ? statusAnswers.success : statusAnswers.inProgress)(ref.mappingId, 3520);
      if (call.method === 'GET') json(200, answer)(response, call);
      else taken.answer(response, call);
    });
    const startOther = () =>
      gateway.client.execute(StartIngestionDocument, { mappingId: other.mappingId });
    const startsOfOther = () => upstream.calls.filter(({ method }) => method === 'POST').slice(1);
    const answered = startOther();
    while (startsOfOther().length < 1) await upstream.arrived(upstream.calls.length + 1);
    disk.fill();
    isFull = true;
    taken.release();
    // The upstream accepted the start, but it cannot be stored, so it is not reported as started.
    expect((await answered).data?.startIngestion).toMatchObject({
      code: 'LOG_UNAVAILABLE',
      outcomeUnknown: true,
    });
    // A start that cannot be recorded is not sent.
    expect((await startOther()).data?.startIngestion).toMatchObject({
      code: 'LOG_UNAVAILABLE',
      outcomeUnknown: false,
    });
    expect(startsOfOther()).toHaveLength(1);
    const asked = await gateway.client.execute(IngestionStatusDocument, {
      ...ref,
      maxAgeMs: 3_600_000,
    });
    expect(asked.data?.ingestionStatus).toMatchObject({ status: 'IN_PROGRESS' });
    expect(subscribed.events).toHaveLength(1);

    disk.clear();
    const events = await subscribed.completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged.to)).toEqual([
      'IN_PROGRESS',
      'SUCCESS',
    ]);
    const otherEvents = await gateway.client.subscribe(IngestionStatusChangedDocument, other)
      .completed;
    expect(otherEvents.at(-1)?.data?.ingestionStatusChanged.to).toBe('ABORTED');
    const kept = await gateway.client.execute(IngestionTransitionsDocument, ref);
    expect(kept.errors).toBeUndefined();
  });
});

describe('a database at its size limit', () => {
  it('refuses a commit as a full disk does, stores none of it, and accepts the next once it may grow', async () => {
    const { db, mark } = await openLog(await makeDataDir());
    left.push(() => mark.close());
    left.push(() => db.destroy());
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db);
    const count = rows[0]?.page_count ?? 0;
    await sql`pragma max_page_count = ${sql.lit(count)}`.execute(db);
    const write = () =>
      db.transaction().execute(async (transaction) => {
        await writeMeta(transaction, 'pruned_through', '7');
        await writeMeta(transaction, 'schema', 'x'.repeat(100_000));
      });
    await expect(write()).rejects.toMatchObject({ kind: 'full' });
    expect(
      await db.selectFrom('log_meta').where('name', '=', 'pruned_through').selectAll().execute(),
    ).toEqual([]);
    await sql`pragma max_page_count = ${sql.lit(count + 100)}`.execute(db);
    await write();
  });
});

describe('a failing disk', () => {
  it('ends the process with code 1 and one line, and the next process finds everything that was committed', async () => {
    const dataDir = await makeDataDir();
    const upstream = await startBusyUpstream(createSeededRandom(1));
    left.push(() => upstream.close());
    let url: string | null = null;
    const followers = Array.from({ length: 100 }, (_, index) =>
      follow({ kind: 'request', ref: upstream.begin(`mapping ${index}`).ref }, () => url),
    );
    left.push(() =>
      followers.forEach((follower) => {
        follower.leave();
      }),
    );
    // No file may exceed 700 KB: further writes fail with an I/O error (EFBIG).
    const limited = startGatewayProcess({
      upstreamUrl: upstream.url,
      dataDir,
      limits: 'ulimit -f 700',
    });
    url = await limited.url;
    expect(await limited.ended).toBe(1);
    url = null;
    const fatal = limited.complaints.filter((line) => line.startsWith('{"level":60'));
    expect(fatal).toHaveLength(1);
    expect(JSON.parse(fatal[0] ?? '')).toMatchObject({
      msg: 'The log of transitions is unreliable; the process is ending',
    });
    const seen = followers.flatMap(({ record }) => record);
    expect(seen.length).toBeGreaterThan(0);

    const whole = startGatewayProcess({ upstreamUrl: upstream.url, dataDir });
    left.push(() => whole.child.kill('SIGKILL'));
    url = await whole.url;
    await Promise.all(followers.map(({ completed }) => completed));
    whole.child.kill('SIGTERM');
    expect(await whole.ended).toBe(0);
    const log = await openIngestionLog({
      dataDir,
      onFatal: (error) => {
        throw error;
      },
    });
    left.push(() => log.close());
    for (const { followed, record } of followers) {
      if (followed.kind !== 'request') continue;
      const path = await log.read({ kind: 'request', ref: followed.ref }, 0, 10);
      expect(record.map(({ cursor, to }) => [cursor, to])).toEqual(
        path.map(({ position, to }) => [log.toCursor(position), to.status]),
      );
    }
  }, 60_000);
});
