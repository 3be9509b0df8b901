import { crc32 } from 'node:zlib';
import type { Kysely } from 'kysely';
import { LogDamagedError } from '../../ingestion/gateway-error.js';
import type { Position } from '../../ingestion/transition.js';
import type { LogTables, MetaRow } from './ingestion-log.schema.js';

/**
 * A value that the log stores about itself, or null.
 *
 * @throws {LogDamagedError} it is not what was written
 */
export async function readMeta(
  db: Kysely<LogTables>,
  name: MetaRow['name'],
): Promise<string | null> {
  const row = await db
    .selectFrom('log_meta')
    .select(['value', 'checksum'])
    .where('name', '=', name)
    .executeTakeFirst();
  if (row && row.checksum !== toMetaChecksum(name, row.value)) throw new LogDamagedError();
  return row?.value ?? null;
}

/** Store a value, replacing the previous one. */
export async function writeMeta(
  db: Kysely<LogTables>,
  name: MetaRow['name'],
  value: string,
): Promise<void> {
  const checksum = toMetaChecksum(name, value);
  await db
    .insertInto('log_meta')
    .values({ name, value, checksum })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value, checksum }))
    .execute();
}

/** Delete a value. */
export async function deleteMeta(db: Kysely<LogTables>, name: MetaRow['name']): Promise<void> {
  await db.deleteFrom('log_meta').where('name', '=', name).execute();
}

/**
 * Count the commit that a transaction is about to make. Every commit that changes the log must do this: the count
 * distinguishes an older state of the log from a newer one.
 *
 * @returns the number of commits, including this one
 */
export async function countCommit(transaction: Kysely<LogTables>): Promise<number> {
  const count = (await readCommitCount(transaction)) + 1;
  await writeMeta(transaction, 'commit_count', String(count));
  return count;
}

/** The number of commits so far. */
export async function readCommitCount(db: Kysely<LogTables>): Promise<number> {
  return Number((await readMeta(db, 'commit_count')) ?? 0);
}

/** The highest position that was ever deleted: there may be gaps before it. 0 if none was. */
export async function readPrunedPosition(db: Kysely<LogTables>): Promise<number> {
  return Number((await readMeta(db, 'pruned_through')) ?? 0);
}

/** The position of the newest transition, even if it was pruned; 0 if there was none. */
export async function readHead(db: Kysely<LogTables>): Promise<Position> {
  const { newest } = await db
    .selectFrom('transitions')
    .select(({ fn }) => fn.max<number | null>('position').as('newest'))
    .executeTakeFirstOrThrow();
  return Math.max(newest ?? 0, await readPrunedPosition(db));
}

/** The checksum of a stored value, so that a flipped bit on the disk is noticed. */
export function toMetaChecksum(name: string, value: string): number {
  return crc32(JSON.stringify([name, value]));
}
