import type { Kysely } from 'kysely';
import type { LogTables } from './ingestion-log.schema.js';
import { pruneStartsOf } from './start-log.write.js';

/**
 * Delete terminal requests that have not changed since an instant, and their transitions, in one
 * transaction.
 *
 * @returns how many, and the highest position that went: what is before it may have gaps now
 */
export async function pruneRequests(
  db: Kysely<LogTables>,
  unchangedSince: number,
  limit: number,
): Promise<{ readonly count: number; readonly through: number }> {
  return db.transaction().execute(async (transaction) => {
    const requests = await transaction
      .selectFrom('requests')
      .select('request_key')
      .where('status', '<>', 'IN_PROGRESS')
      .where('changed_at', '<', unchangedSince)
      .orderBy('changed_at')
      .limit(limit)
      .execute();
    const keys = requests.map(({ request_key }) => request_key);
    if (keys.length === 0) return { count: 0, through: 0 };
    const { through } = await transaction
      .selectFrom('transitions')
      .select(({ fn }) => fn.max('position').as('through'))
      .where('request_key', 'in', keys)
      .executeTakeFirstOrThrow();
    await transaction.deleteFrom('transitions').where('request_key', 'in', keys).execute();
    await transaction.deleteFrom('requests').where('request_key', 'in', keys).execute();
    await pruneStartsOf(transaction, keys, unchangedSince);
    const value = String(Math.max(through, await readPrunedThrough(transaction)));
    await transaction
      .insertInto('log_meta')
      .values({ name: 'pruned_through', value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
    return { count: keys.length, through };
  });
}

/** The highest position that was ever deleted; 0 where none was. */
export async function readPrunedThrough(db: Kysely<LogTables>): Promise<number> {
  const row = await db
    .selectFrom('log_meta')
    .select('value')
    .where('name', '=', 'pruned_through')
    .executeTakeFirst();
  return Number(row?.value ?? 0);
}
