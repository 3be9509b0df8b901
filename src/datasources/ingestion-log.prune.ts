import type { Kysely } from 'kysely';
import { countCommit, readPrunedThrough, writeMeta } from './ingestion-log.meta.js';
import type { LogTables } from './ingestion-log.schema.js';

/** What pruning did. */
export interface Pruned {
  /** How many requests went. */
  readonly count: number;
  /** The highest position that went: what is before it may have gaps now. */
  readonly through: number;
  /** As the log counts its commits; 0 where there was nothing to commit. */
  readonly commitCount: number;
}

/**
 * Delete terminal requests that have not changed since an instant, and their transitions, in one
 * transaction.
 */
export async function pruneRequests(
  db: Kysely<LogTables>,
  unchangedSince: number,
  limit: number,
): Promise<Pruned> {
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
    if (keys.length === 0) return { count: 0, through: 0, commitCount: 0 };
    const { through } = await transaction
      .selectFrom('transitions')
      .select(({ fn }) => fn.max('position').as('through'))
      .where('request_key', 'in', keys)
      .executeTakeFirstOrThrow();
    await transaction.deleteFrom('transitions').where('request_key', 'in', keys).execute();
    await transaction.deleteFrom('requests').where('request_key', 'in', keys).execute();
    const prunedThrough = Math.max(through, await readPrunedThrough(transaction));
    await writeMeta(transaction, 'pruned_through', String(prunedThrough));
    return { count: keys.length, through, commitCount: await countCommit(transaction) };
  });
}
