import { describe, expect, it } from '@jest/globals';
import { execute } from '../../../support/postgres.js';
import { appendTo, useReplicas } from './replicas-harness.js';

const { database, open } = useReplicas();

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
