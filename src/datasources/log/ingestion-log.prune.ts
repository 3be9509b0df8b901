import type { Transaction } from 'kysely';
import { readPrunedPosition, writeMeta } from './ingestion-log.meta.js';
import type { LogTables } from './ingestion-log.schema.js';
import type { WriteResult } from './log-database.js';
import { pruneStartsOf } from './start-log.requests.js';

/**
 * Delete terminal requests that have not changed since an instant, with their transitions and starts. Returns how
 * many.
 */
export async function pruneRequests(
  transaction: Transaction<LogTables>,
  unchangedSince: number,
  limit: number,
): Promise<WriteResult<number>> {
  const requests = await transaction
    .selectFrom('requests')
    .select('request_key')
    .where('status', '<>', 'IN_PROGRESS')
    .where('changed_at', '<', unchangedSince)
    .orderBy('changed_at')
    .limit(limit)
    .execute();
  const keys = requests.map(({ request_key }) => request_key);
  if (keys.length === 0) return { value: 0, hasChanged: false };
  const { through } = await transaction
    .selectFrom('transitions')
    .select(({ fn }) => fn.max('position').as('through'))
    .where('request_key', 'in', keys)
    .executeTakeFirstOrThrow();
  await transaction.deleteFrom('transitions').where('request_key', 'in', keys).execute();
  await transaction.deleteFrom('requests').where('request_key', 'in', keys).execute();
  await pruneStartsOf(transaction, keys, unchangedSince);
  const prunedPosition = Math.max(through, await readPrunedPosition(transaction));
  await writeMeta(transaction, 'pruned_through', String(prunedPosition));
  return { value: keys.length, hasChanged: true };
}
