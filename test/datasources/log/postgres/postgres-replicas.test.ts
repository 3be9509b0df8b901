import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openPostgresLog } from '../../../../src/datasources/log/postgres/postgres.log.js';
import type { ReportedState, RequestRef } from '../../../../src/ingestion/ingestion-request.js';
import { systemClock } from '../../../../src/process/system-clock.js';
import { createTestDatabase, execute, type TestDatabase } from '../../../support/postgres.js';
import {
  openReplica,
  type ReplicaLog,
  type ReplicaOptions,
} from '../../../support/postgres-logs.js';
import { startTcpProxy, type TcpProxy } from '../../../support/tcp-proxy.js';

const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
const aborted: ReportedState = { status: 'ABORTED', info: 'no', batchId: null };
const everything = { kind: 'all' } as const;
const SENDING = 'the first sending';
const DAY_MS = 86_400_000;
const toRef = (requestId: string): RequestRef => ({ mappingId: 'XDM44', requestId });
const onFatal = (error: Error) => {
  throw error;
};

let database: TestDatabase;
let proxy: TcpProxy;
let replicas: ReplicaLog[];

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startTcpProxy(database.url);
  replicas = [];
});

afterEach(async () => {
  for (const { log } of replicas) await log.close();
  await proxy.close();
  await database.drop();
});

async function open(url = database.url, options: ReplicaOptions = {}): Promise<ReplicaLog> {
  const replica = await openReplica(url, options);
  replicas.push(replica);
  return replica;
}

/** Like a newer version at its start: it adds, and removes nothing. */
async function migrateFurther(name: string, change: string): Promise<void> {
  await execute(
    database.url,
    `begin; ${change}; insert into kysely_migration values ('${name}', '2100'); commit`,
  );
}

const appendTo = ({ log }: ReplicaLog, requestId: string, seen: ReportedState = running) =>
  log.append({ ref: toRef(requestId), seen, observedAt: 1_000 });

describe('processes that share a log', () => {
  it('announce each transition once and in order, whoever appended it', async () => {
    const all = await Promise.all([open(), open(), open()]);
    await Promise.all(
      all.map(async (replica, which) => {
        for (let id = 0; id < 20; id += 1) await appendTo(replica, `${which}-${id}`);
      }),
    );
    await Promise.all(all.map((replica) => replica.untilAnnounced(60)));
    const read = await all[0]?.log.read(everything, 0, 100);
    expect(read?.map(({ position }) => position)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    for (const { announced } of all) expect(announced).toEqual(read);
  });

  it('let one of them append what all of them observed', async () => {
    const all = await Promise.all([open(), open(), open()]);
    const applied = await Promise.all(all.map((replica) => appendTo(replica, '1')));
    expect(applied.map(({ kind }) => kind).sort()).toEqual([
      'transition',
      'unchanged',
      'unchanged',
    ]);
  });

  it('announce nothing that was in the log before they began', async () => {
    const one = await open();
    await appendTo(one, '1');
    const other = await open();
    await appendTo(one, '2');
    await other.untilAnnounced(1);
    expect(other.announced.map(({ position }) => position)).toEqual([2]);
  });

  it('catch up on what was appended while they were disconnected', async () => {
    const [one, other] = [await open(), await open(proxy.url)];
    await appendTo(one, '1');
    await other.untilAnnounced(1);
    proxy.cut();
    await appendTo(one, '2');
    await appendTo(one, '3');
    await other.untilAnnounced(3);
    expect(other.announced).toEqual(one.announced);
  });

  it('find new transitions even when they receive no notifications', async () => {
    const [one, other] = [await open(), await open(proxy.url)];
    await appendTo(one, '1');
    await other.untilAnnounced(1);
    proxy.muffle('listen ');
    await appendTo(one, '2');
    await other.untilAnnounced(2);
    expect(other.announced).toEqual(one.announced);
  });

  it('append even while nobody can be notified', async () => {
    await execute(
      database.url,
      `create function pg_notify(text, text) returns void language plpgsql as
        $$ begin raise 'too many notifications' using errcode = '54000'; end $$`,
    );
    // Our function precedes PostgreSQL's own in the search path.
    const url = new URL(database.url);
    url.searchParams.set('options', '-c search_path=public,pg_catalog');
    const [one, other] = [await open(url.href), await open()];
    await appendTo(one, '1');
    await other.untilAnnounced(1);
    expect(other.announced).toEqual(one.announced);
  });

  it('accept each other’s cursors, even before they have heard of the transitions', async () => {
    const [one, other] = [await open(), await open(proxy.url)];
    proxy.muffle('listen ');
    const applied = await appendTo(one, '1');
    const position = applied.record.firstPosition;
    expect(await other.log.parseCursor(one.log.toCursor(position))).toBe(position);
    await expect(other.log.parseCursor(one.log.toCursor(position + 1))).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  });

  it('forget the same requests together, and agree on how far they have forgotten', async () => {
    const [one, other] = [await open(), await open()];
    for (let id = 0; id < 30; id += 1) await appendTo(one, String(id), aborted);
    const counts = await Promise.all(
      [1, 2, 3].flatMap(() => [one, other].map(({ log }) => log.prune(2_000, 7))),
    );
    expect(counts.reduce((sum, count) => sum + count)).toBe(30);
    expect(await one.log.prunedPosition()).toBe(30);
    expect(await other.log.prunedPosition()).toBe(30);
    await appendTo(other, 'new');
    expect(await one.log.read(everything, 0, 10)).toMatchObject([{ position: 31 }]);
  });

  it('exit when the database has less than they have announced', async () => {
    const ends: Error[] = [];
    const one = await open(database.url, { onFatal: (error) => ends.push(error) });
    await appendTo(one, '1');
    await execute(database.url, 'truncate transitions, requests');
    await expect(appendTo(one, '2')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(ends).toHaveLength(1);
  });
});

describe('a database that failed over without the last commits', () => {
  const lose = (from: number) =>
    execute(
      database.url,
      `delete from transitions where position >= ${from}; delete from requests where first_position >= ${from}`,
    );
  const openFatal = async () => {
    const end = Promise.withResolvers<Error>();
    return { end: end.promise, replica: await open(database.url, { onFatal: end.resolve }) };
  };

  it.each([1, 2, 3, 4])(
    'ends an idle process, even if %i other transitions have replaced the lost ones',
    async (count) => {
      const { end, replica } = await openFatal();
      for (const id of ['1', '2', '3']) await appendTo(replica, id);
      await lose(2);
      const fresh = await open();
      for (let id = 1; id <= count; id += 1) await appendTo(fresh, `new ${id}`);
      expect(await end).toMatchObject({ name: 'LogDamagedError' });
      expect(replica.announced.map(({ ref }) => ref.requestId)).toEqual(['1', '2', '3']);
    },
  );

  it('ends a process before it appends after as many other transitions', async () => {
    const { end, replica } = await openFatal();
    for (const id of ['1', '2', '3']) await appendTo(replica, id);
    await lose(2);
    const fresh = await open();
    for (const id of ['a', 'b']) await appendTo(fresh, id);
    await expect(appendTo(replica, '4')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(await end).toMatchObject({ name: 'LogDamagedError' });
  });

  it('ends a process that started before the loss and has announced nothing', async () => {
    // This process may find out as well.
    await appendTo((await openFatal()).replica, '1');
    const { end } = await openFatal();
    await lose(1);
    await appendTo(await open(), 'new');
    expect(await end).toMatchObject({ name: 'LogDamagedError' });
  });

  it('is not assumed when the last announced transition was pruned', async () => {
    const replica = await open();
    const over = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 } as const;
    await appendTo(replica, '1', over);
    await replica.log.prune(2_000, 10);
    const other = await open();
    await appendTo(other, '2');
    await replica.untilAnnounced(2);
    await appendTo(other, '3');
    await replica.untilAnnounced(3);
  });
});

describe('a start shared by processes', () => {
  const start = {
    mappingId: 'XDM44',
    retryOnAbort: 1,
    caller: null,
    idempotencyKey: 'k',
    createdAt: 1_000,
  };

  /** Make everything due so much sooner, as if that time had passed. */
  const pass = (ms: number) => execute(database.url, `update starts set due_at = due_at - ${ms}`);

  const begin = async ({ starts }: ReplicaLog): Promise<number> => {
    const { intent } = await starts.begin(start, SENDING);
    return intent.intentId;
  };

  const answer = ({ log }: ReplicaLog, intentId: number, seen: ReportedState = running) =>
    log.append({
      ref: toRef('1'),
      seen,
      observedAt: 3_000,
      answers: { intentId, kind: 'submitted', message: 'ok' },
    });

  it('is begun by one of those that have its key', async () => {
    const all = await Promise.all([open(), open(), open()]);
    const begun = await Promise.all(
      all.map(({ starts }, which) => starts.begin(start, String(which))),
    );
    expect(begun.map(({ kind }) => kind).sort()).toEqual(['begun', 'known', 'known']);
    expect(new Set(begun.map(({ intent }) => intent.intentId)).size).toBe(1);
  });

  it('is awaited until its answer is due, also by a process that joins meanwhile', async () => {
    const intentId = await begin(await open());
    const other = await open();
    expect(await other.starts.answerDueInMs(intentId)).toBeGreaterThan(0);
    expect(await other.starts.settleOverdue(2_000)).toEqual([]);
    await pass(20_000);
    expect(await other.starts.settleOverdue(2_000)).toMatchObject([
      { intentId, state: { kind: 'unknown' } },
    ]);
  });

  it('is found overdue by one of those that look', async () => {
    const all = await Promise.all([open(), open(), open()]);
    for (const replica of all) await replica.starts.begin({ ...start, idempotencyKey: null }, 'x');
    await pass(20_000);
    const found = await Promise.all(all.map(({ starts }) => starts.settleOverdue(2_000)));
    expect(found.flat()).toHaveLength(3);
  });

  it('takes its result from a process that hears the answer late', async () => {
    const [one, other] = [await open(), await open()];
    const intentId = await begin(one);
    await pass(20_000);
    await other.starts.settleOverdue(2_000);
    await answer(one, intentId);
    expect(await other.starts.begin(start, 'next')).toMatchObject({
      kind: 'known',
      intent: { state: { kind: 'submitted', ref: toRef('1') } },
    });
  });

  it('can be begun again once a process hears late that it was not accepted', async () => {
    const [one, other] = [await open(), await open()];
    const intentId = await begin(one);
    await pass(20_000);
    await other.starts.settleOverdue(2_000);
    await one.starts.withdraw(intentId, SENDING);
    expect(await other.starts.begin(start, 'next')).toMatchObject({ kind: 'begun' });
  });

  it('is withdrawn only with its own sending', async () => {
    const [one, other] = [await open(), await open()];
    const intentId = await begin(one);
    await other.starts.withdraw(intentId, 'another');
    expect(await other.starts.begin(start, 'next')).toMatchObject({ kind: 'known' });
    await one.starts.withdraw(intentId, SENDING);
    expect(await other.starts.begin(start, 'next')).toMatchObject({ kind: 'begun' });
  });

  it('is not withdrawn a second time once another process has sent it', async () => {
    const [one, other] = [await open(), await open()];
    await answer(one, await begin(one), aborted);
    const [retry] = await one.starts.waitingRetries(0, 0);
    const retryId = retry?.intent.intentId ?? 0;
    await one.starts.markSent(retryId, 'one', 3_000);
    await one.starts.withdraw(retryId, 'one');
    await one.starts.postpone(retryId, 0);
    expect(await other.starts.markSent(retryId, 'other', 4_000)).toBe(true);
    await one.starts.withdraw(retryId, 'one');
    expect(await one.starts.waitingRetries(0, 0)).toEqual([]);
  });

  it.each([-DAY_MS, DAY_MS])(
    'is due at the same time for a process whose clock is %i ms off',
    async (offMs) => {
      const here = await open();
      const off = await open(database.url, {
        clock: { ...systemClock, now: () => systemClock.now() + offMs },
      });
      const ids = [await begin(here)];
      const { intent } = await off.starts.begin({ ...start, idempotencyKey: 'off' }, 'off');
      ids.push(intent.intentId);
      for (const { starts } of [here, off]) {
        expect(await starts.settleOverdue(2_000)).toEqual([]);
        for (const id of ids) {
          const dueInMs = await starts.answerDueInMs(id);
          expect(dueInMs).toBeGreaterThan(0);
          expect(dueInMs).toBeLessThanOrEqual(15_000);
        }
      }
      await pass(20_000);
      expect(await off.starts.settleOverdue(2_000)).toHaveLength(2);
    },
  );
});

describe('the database', () => {
  it('is prepared by one of the processes that start together', async () => {
    const all = await Promise.all([open(), open(), open(), open()]);
    for (const replica of all) await appendTo(replica, '1');
    const cursors = all.map(({ log }) => log.toCursor(1));
    expect(new Set(cursors).size).toBe(1);
  });

  it('still serves the version before the one that changed it, even after that version restarts', async () => {
    const running = await open();
    await appendTo(running, '1');
    await migrateFurther('9998_future', 'alter table requests add column future text');
    await appendTo(running, '2');
    const restarted = await open();
    await appendTo(restarted, '3');
    await running.untilAnnounced(3);
    expect(await restarted.log.list({}, null, 10)).toHaveLength(3);
  });

  it('refuses a version older than that', async () => {
    const { log } = await openReplica(database.url);
    await log.close();
    await migrateFurther('9998_future', 'alter table requests add column future text');
    await migrateFurther('9999_future', 'alter table starts add column future text');
    await expect(open()).rejects.toThrow(
      /^The database test_\w+ at 127.0.0.1:\d+ was written by a newer version of Sluice. Run that version, or set DATABASE_URL to another database.$/,
    );
  });

  it('is refused if it belongs to another application', async () => {
    await execute(database.url, 'create table requests ()');
    await expect(open()).rejects.toThrow(
      /^The database test_\w+ at 127.0.0.1:\d+ belongs to another program. Set DATABASE_URL to another database.$/,
    );
  });

  it('is named without its password when it cannot be reached', async () => {
    const url = new URL(database.url);
    url.pathname = '/missing';
    const refused = await openPostgresLog({ url: url.href, maxConnections: 2, onFatal }).catch(
      (error: Error) => error,
    );
    expect(refused).toMatchObject({
      name: 'LogUnusableError',
      message: expect.stringMatching(
        /^The database missing at 127.0.0.1:\d+ cannot be used \(database "missing" does not exist\). Check DATABASE_URL/,
      ),
    });
    expect(inspect(refused, { depth: 10 })).not.toContain('planted-postgres-password');
  });

  it('returns numbers for positions and instants', async () => {
    const replica = await open();
    await appendTo(replica, '1');
    const { rows } = await sql`select position, observed_at from transitions`.execute(
      replica.database.db,
    );
    expect(rows).toEqual([{ position: 1, observed_at: 1_000 }]);
  });
});
