import { crc32 } from 'node:zlib';
import type { Kysely } from 'kysely';
import { LogDamagedError } from '../../ingestion/gateway-error.js';
import type { Position } from '../../ingestion/transition.js';
import type { LogTables, MetaRow } from './ingestion-log.schema.js';

/**
 * What the log keeps of itself under a name, or null.
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

/** Keep a value under a name, in place of the one before. */
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

/** Keep nothing under a name any more. */
export async function deleteMeta(db: Kysely<LogTables>, name: MetaRow['name']): Promise<void> {
  await db.deleteFrom('log_meta').where('name', '=', name).execute();
}

/**
 * Count the commit that a transaction is going to make. Every commit that changes the log must: how many
 * there were tells an older state of the log from a newer one.
 *
 * @returns how many there are with this one
 */
export async function countCommit(transaction: Kysely<LogTables>): Promise<number> {
  const count = (await readCommitCount(transaction)) + 1;
  await writeMeta(transaction, 'commit_count', String(count));
  return count;
}

/** How many commits made the log what it is. */
export async function readCommitCount(db: Kysely<LogTables>): Promise<number> {
  return Number((await readMeta(db, 'commit_count')) ?? 0);
}

/** The highest position that was ever deleted: before it there may be gaps. 0 where none was. */
export async function readPrunedThrough(db: Kysely<LogTables>): Promise<number> {
  return Number((await readMeta(db, 'pruned_through')) ?? 0);
}

/** The position of the newest transition, also where that one was pruned; 0 where there was none. */
export async function readHead(db: Kysely<LogTables>): Promise<Position> {
  const { newest } = await db
    .selectFrom('transitions')
    .select(({ fn }) => fn.max<number | null>('position').as('newest'))
    .executeTakeFirstOrThrow();
  return Math.max(newest ?? 0, await readPrunedThrough(db));
}

/** Of what is kept under a name, so that a bit that flipped on the disk is noticed. */
export function toMetaChecksum(name: string, value: string): number {
  return crc32(JSON.stringify([name, value]));
}
