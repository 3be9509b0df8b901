import { describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import { createCallerCounts } from '../../../src/datasources/replicas/caller-counts.datasource.js';
import { createAllowance } from '../../../src/server/limits/allowance.js';
import { openReplicaDatabase } from '../../support/open-replica-database.js';

const refused = { name: 'RateLimitedError', extensions: { code: 'RATE_LIMITED' } };

/** The allowances of two replicas that share a database. */
async function setUp(perMinute: number) {
  const database = await openReplicaDatabase();
  const counts = createCallerCounts(database);
  const newAllowance = () =>
    createAllowance('requests', perMinute, createCallerCounts(database).newLimiter);
  const lose = () => sql`drop table caller_counts`.execute(database.db);
  return {
    counts,
    one: newAllowance(),
    other: newAllowance(),
    lose,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

describe('caller counts', () => {
  it('add up over all replicas, separately for each caller', async () => {
    await using replicas = await setUp(4);
    const { one, other } = replicas;
    await one.take('name:a', 1);
    await other.take('name:a', 2);
    await one.take('name:a', 1);
    await expect(other.take('name:a', 1)).rejects.toMatchObject(refused);
    await expect(one.take('name:a', 1)).rejects.toMatchObject(refused);
    await other.take('name:b', 4);
  });

  it.each(['in the database', 'in this process'])(
    'last a minute at most, %s, when the clock is set back by an hour',
    async (where) => {
      await using replicas = await setUp(2);
      const allowance = where === 'in this process' ? createAllowance('requests', 2) : replicas.one;
      await allowance.take('name:a', 2);
      await expect(allowance.take('name:a', 1)).rejects.toMatchObject(refused);
      const realNow = Date.now.bind(Date);
      const setBack = jest.spyOn(Date, 'now').mockImplementation(() => realNow() - 3_600_000);
      try {
        await allowance.take('name:a', 2);
        const error = await allowance.take('name:a', 1).catch((refusal: unknown) => refusal);
        expect(error).toMatchObject(refused);
        const { retryAfterMs } = (error as { extensions: { retryAfterMs: number } }).extensions;
        expect(retryAfterMs).toBeLessThanOrEqual(60_000);
      } finally {
        setBack.mockRestore();
      }
    },
  );

  it('are exact under concurrency', async () => {
    await using replicas = await setUp(20);
    const { one, other } = replicas;
    const taken = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? one : other).take('name:a', 1)),
    );
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  });

  it('are not queried again when nothing is left', async () => {
    await using replicas = await setUp(2);
    const { one, other, lose } = replicas;
    await one.take('name:a', 2);
    await expect(other.take('name:a', 1)).rejects.toMatchObject(refused);
    // Asking the lost database would fall back to a new count, which would let the caller in.
    await lose();
    await expect(one.take('name:a', 1)).rejects.toMatchObject(refused);
    await expect(other.take('name:a', 1)).rejects.toMatchObject(refused);
  });

  it('are kept by each replica for itself while the database is unavailable', async () => {
    await using replicas = await setUp(2);
    const { one, other, lose } = replicas;
    await lose();
    for (const allowance of [one, other]) {
      await allowance.take('name:a', 2);
      await expect(allowance.take('name:a', 1)).rejects.toMatchObject(refused);
    }
  });

  it('are forgotten after their minute, in steps', async () => {
    await using replicas = await setUp(2);
    const { one, counts } = replicas;
    for (const name of ['a', 'b', 'c']) await one.take(`name:${name}`, 1);
    expect(await counts.prune(Date.now(), 10)).toBe(0);
    const later = Date.now() + 61_000;
    expect(await counts.prune(later, 2)).toBe(2);
    expect(await counts.prune(later, 2)).toBe(1);
  });
});
