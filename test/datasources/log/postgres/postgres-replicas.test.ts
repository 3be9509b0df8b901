import { describe, expect, it } from '@jest/globals';
import type { ReportedState } from '../../../../src/ingestion/ingestion-request.js';
import { execute } from '../../../support/postgres.js';
import { appendTo, everything, useReplicas } from './replicas-harness.js';

const { database, proxy, open } = useReplicas();

const aborted: ReportedState = { status: 'ABORTED', info: 'no', batchId: null };

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
