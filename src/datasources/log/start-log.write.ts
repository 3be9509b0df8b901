import type { Kysely, Selectable, Transaction } from 'kysely';
import { type IngestionRecord, toRequestKey } from '../../ingestion/ingestion-request.js';
import { type StartIntent, toRetry } from '../../ingestion/start-intent.js';
import type { LogTables, StartRow } from './ingestion-log.schema.js';
import { toKeyPages } from './key-pages.js';
import { toStartIntent, toStartRow, type UnsentState, withState } from './start-log.rows.js';

/** Write down the retries that ABORTED requests are to have; where there is one already, nothing. */
export async function claimRetries(
  transaction: Transaction<LogTables>,
  aborted: readonly IngestionRecord[],
  now: number,
): Promise<void> {
  const keys = aborted.map(({ ref }) => toRequestKey(ref));
  const named = await findNamed(transaction, keys);
  const retries = aborted.flatMap(
    (record) => toRetry(record, named.get(toRequestKey(record.ref)) ?? [], now) ?? [],
  );
  if (retries.length === 0) return;
  await transaction
    .insertInto('starts')
    .values(retries.map((retry) => toStartRow(retry, null)))
    .onConflict((conflict) => conflict.column('retry_of').doNothing())
    .execute();
}

/** The starts that were answered with each of these requests, oldest first. */
export async function findNamed(
  db: Kysely<LogTables>,
  keys: readonly string[],
): Promise<Map<string, StartIntent[]>> {
  const found = new Map<string, StartIntent[]>();
  for (const page of toKeyPages(keys)) {
    const rows = await db
      .selectFrom('starts')
      .selectAll()
      .where('request_key', 'in', page)
      .orderBy('intent_id')
      .execute();
    for (const row of rows) {
      const intents = found.get(row.request_key ?? '');
      if (intents) intents.push(toStartIntent(row));
      else found.set(row.request_key ?? '', [toStartIntent(row)]);
    }
  }
  return found;
}

/**
 * Put a start into another state; nothing where there is no such start any more.
 *
 * @param next - gives the state, or null to leave the start as it is
 */
export async function changeState(
  transaction: Transaction<LogTables>,
  intentId: number,
  next: (intent: StartIntent) => UnsentState | null,
): Promise<void> {
  const row = await transaction
    .selectFrom('starts')
    .selectAll()
    .where('intent_id', '=', intentId)
    .executeTakeFirst();
  const state = row ? next(toStartIntent(row)) : null;
  if (row && state) await replaceRow(transaction, withState(row, state));
}

/** Write a row over the one with its id. */
export async function replaceRow(
  transaction: Transaction<LogTables>,
  { intent_id, ...columns }: Selectable<StartRow>,
): Promise<void> {
  await transaction.updateTable('starts').set(columns).where('intent_id', '=', intent_id).execute();
}

/**
 * Forget the starts that were answered with requests that are being forgotten, and their retries that came
 * to no request. A start whose key may still be repeated is kept.
 *
 * @param before - in ms since the epoch: only those begun before
 */
export async function pruneStartsOf(
  transaction: Transaction<LogTables>,
  keys: readonly string[],
  before: number,
): Promise<void> {
  await transaction
    .deleteFrom('starts')
    .where('request_key', 'in', keys)
    .where('created_at', '<', before)
    .execute();
  await transaction
    .deleteFrom('starts')
    .where('retry_of', 'in', keys)
    .where('request_key', 'is', null)
    .where('state', 'not in', ['waiting', 'sent'])
    .execute();
}
