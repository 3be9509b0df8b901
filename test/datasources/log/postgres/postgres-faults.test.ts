import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { PostgresTimeouts } from '../../../../src/datasources/log/postgres/postgres.log.js';
import { createTestDatabase, execute } from '../../../support/postgres.js';
import { openReplica, type ReplicaLog } from '../../../support/postgres-logs.js';
import { startPostgresServer } from '../../../support/postgres-server.js';
import { appendTo, everything, toRef, useReplicas } from './replicas-harness.js';

const unavailable = { code: 'LOG_UNAVAILABLE' };

const impatient: PostgresTimeouts = {
  lockMs: 100,
  idleInTransactionMs: 10_000,
  statementMs: 10_000,
  answerMs: 15_000,
};

const { database, proxy, open } = useReplicas();

/** A connection that bypasses the log. */
async function connect(url = database.url): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Make a replica hold the log’s lock in a transaction until it is released. */
async function holdLog({ database }: ReplicaLog) {
  const held = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const done = database.commit(async () => {
    held.resolve();
    await gate.promise;
    return { value: null, hasChanged: true };
  });
  done.catch(() => {});
  await held.promise;
  return { release: gate.resolve, done };
}

describe('a transaction that stays open', () => {
  it('makes later ones wait, so that no reader misses a late commit', async () => {
    const [slow, quick, reader] = [await open(), await open(), await open()];
    const held = await holdLog(slow);
    const appended = [appendTo(slow, '1'), appendTo(quick, '2')];
    expect(await reader.log.read(everything, 0, 10)).toEqual([]);
    held.release();
    await Promise.all([held.done, ...appended]);
    await reader.untilAnnounced(2);
    expect(reader.announced.map(({ position }) => position)).toEqual([1, 2]);
    expect(reader.announced).toEqual(await reader.log.read(everything, 0, 10));
  });

  it('makes later ones give up after a timeout, with nothing written', async () => {
    const slow = await open();
    const quick = await open(database.url, { timeouts: impatient });
    const held = await holdLog(slow);
    await expect(appendTo(quick, '1')).rejects.toMatchObject(unavailable);
    held.release();
    await held.done;
    expect(await quick.log.find([toRef('1')])).toEqual([null]);
    expect(await appendTo(quick, '1')).toMatchObject({ kind: 'transition' });
  });

  it('is ended by the database when its process is frozen', async () => {
    const frozen = await open(database.url, {
      timeouts: { ...impatient, idleInTransactionMs: 500 },
    });
    const other = await open();
    const held = await holdLog(frozen);
    expect(await appendTo(other, '1')).toMatchObject({ kind: 'transition' });
    held.release();
    await expect(held.done).rejects.toMatchObject(unavailable);
    expect(await appendTo(frozen, '2')).toMatchObject({ kind: 'transition' });
  });

  it('does not affect logs in other databases', async () => {
    const elsewhere = await createTestDatabase();
    const client = await connect(elsewhere.url);
    await client.query('begin; create table t ()');
    const [one, other] = [await open(), await open()];
    await appendTo(one, '1');
    await other.untilAnnounced(1);
    await client.end();
    await elsewhere.drop();
  });
});

/** The whole statement, as the driver sends it. */
const COMMIT = 'commit\0';

describe('a connection lost during the commit', () => {
  it('leaves a committed append in the log once, and announces it', async () => {
    const replica = await open(proxy.url);
    proxy.cutAt(COMMIT, true);
    expect(await appendTo(replica, '1')).toMatchObject({ kind: 'transition' });
    expect(replica.announced).toHaveLength(1);
    expect(replica.announced).toEqual(await replica.log.read(everything, 0, 10));
  });

  it('leaves nothing if the commit did not arrive, and reports that', async () => {
    const replica = await open(proxy.url);
    proxy.cutAt(COMMIT, false);
    await expect(appendTo(replica, '1')).rejects.toMatchObject(unavailable);
    expect(await replica.log.read(everything, 0, 10)).toEqual([]);
    expect(await appendTo(replica, '1')).toMatchObject({ kind: 'transition' });
    expect(replica.announced).toHaveLength(1);
  });
});

describe('an unusable database', () => {
  it('is awaited while its server is down, and used again once it is back', async () => {
    const server = await startPostgresServer();
    const { url } = await createTestDatabase(server.url);
    const [one, other] = [await openReplica(url), await openReplica(url)];
    await appendTo(one, '1');
    await other.untilAnnounced(1);
    await server.stop();
    await expect(appendTo(one, '2')).rejects.toMatchObject(unavailable);
    await expect(one.log.find([toRef('1')])).rejects.toMatchObject(unavailable);
    await server.start();
    await appendTo(one, '2');
    await other.untilAnnounced(2);
    expect(other.announced).toEqual(one.announced);
    await one.log.close();
    await other.log.close();
    await server.dispose();
  });

  it('accepts no writes while it is read-only, as a standby is', async () => {
    const replica = await open();
    const admin = await connect();
    const cutOthers = () =>
      admin.query(
        'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
    const name = new URL(database.url).pathname.slice(1);
    await admin.query(`alter database ${name} set default_transaction_read_only = on`);
    await cutOthers();
    let refused: unknown;
    do {
      refused = await appendTo(replica, '1').catch((error: Error) => error);
      expect(refused).toMatchObject(unavailable);
    } while (!/read-only/.test(String((refused as Error).cause)));
    await admin.query('set default_transaction_read_only = off');
    await admin.query(`alter database ${name} reset default_transaction_read_only`);
    await cutOthers();
    await admin.end();
    while (!(await appendTo(replica, '1').catch(() => null)));
    expect(await replica.log.find([toRef('1')])).toMatchObject([{ ref: toRef('1') }]);
  });

  it('ends the process when it lacks what was written to it', async () => {
    const ends: Error[] = [];
    const replica = await open(database.url, { onFatal: (error) => ends.push(error) });
    await appendTo(replica, '1');
    await execute(database.url, "update requests set status = 'SUCCESS'");
    await expect(replica.log.find([toRef('1')])).rejects.toThrow(
      'The log of transitions is damaged.',
    );
    expect(ends).toHaveLength(1);
  });
});
