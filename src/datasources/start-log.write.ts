import type { Kysely, Selectable, Transaction } from 'kysely';
import {
  type IngestionRecord,
  type RequestRef,
  toRequestKey,
} from '../ingestion/ingestion-request.js';
import {
  type SeenRunning,
  START_KEPT_MS,
  type StartAnswer,
  type StartIntent,
  type StartState,
  toAdoption,
  toRetry,
} from '../ingestion/start-intent.js';
import type { Observation } from '../ingestion/transition.js';
import type { LogTables, StartRow } from './ingestion-log.schema.js';
import { toStartIntent, toStartRow, withState } from './start-log.rows.js';

/** A request that was seen running, and its name. */
export interface RunningRequest extends SeenRunning {
  readonly ref: RequestRef;
  /** The text of the upstream in which it was seen. */
  readonly message: string;
}

/**
 * Settle the start that an observation answers. An answer that the mapping is in progress already may tell
 * what starts of unknown outcome came to: those are settled with it.
 *
 * @param known - what the log has of the request named
 * @returns when the request was started through this gateway, if it was
 */
export async function settleNamed(
  transaction: Transaction<LogTables>,
  { ref, observedAt }: Observation,
  { intentId, kind, message }: StartAnswer,
  known: IngestionRecord | null,
): Promise<number | undefined> {
  let createdAt: number | undefined;
  await changeState(transaction, intentId, (intent) => {
    ({ createdAt } = intent);
    return intent.state.kind === 'sent' ? { kind, ref, message, settledAt: observedAt } : null;
  });
  if (kind === 'submitted') return createdAt;
  const startedAt = known?.startedAt ?? null;
  const running = {
    ref,
    message,
    since: Math.min(startedAt ?? observedAt, known?.firstObservedAt ?? observedAt),
    until: observedAt,
    isStartedHere: startedAt !== null,
  };
  const adoptedAt = await adopt(transaction, running, observedAt);
  return adoptedAt ?? undefined;
}

/**
 * Settle the starts of unknown outcome that a running request of their mapping explains, oldest first: what
 * the first is found to have begun, the next were in time for.
 *
 * @param now - in ms since the epoch; starts that are no longer kept are left alone
 * @returns when the request was started, where one of them is found to have begun it
 */
export async function adopt(
  transaction: Transaction<LogTables>,
  running: RunningRequest,
  now: number,
): Promise<number | null> {
  const ofMapping = await transaction
    .selectFrom('starts')
    .selectAll()
    .where('mapping_id', '=', running.ref.mappingId)
    .where('created_at', '>', now - START_KEPT_MS)
    .where('state', 'in', ['unknown', 'submitted'])
    .orderBy('intent_id')
    .execute();
  const intents = ofMapping.map(toStartIntent);
  let seen: RunningRequest = running;
  let startedAt: number | null = null;
  for (const intent of intents) {
    const kind = toAdoption(intent, seen, isAnotherBetween(intent, seen, intents));
    if (kind === null) continue;
    const { ref, message } = seen;
    await changeState(transaction, intent.intentId, () => ({
      kind,
      ref,
      message,
      settledAt: now,
    }));
    if (kind === 'submitted') {
      startedAt = intent.createdAt;
      seen = { ...seen, since: Math.min(seen.since, startedAt), isStartedHere: true };
    }
  }
  return startedAt;
}

function isAnotherBetween(
  { createdAt }: StartIntent,
  { ref, since }: RunningRequest,
  others: readonly StartIntent[],
): boolean {
  return others.some(
    ({ state }) =>
      state.kind === 'submitted' &&
      toRequestKey(state.ref) !== toRequestKey(ref) &&
      state.settledAt >= createdAt &&
      state.settledAt <= since,
  );
}

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
    .values(retries.map(toStartRow))
    .onConflict((conflict) => conflict.column('retry_of').doNothing())
    .execute();
}

/** The starts that were answered with each of these requests, oldest first. */
export async function findNamed(
  db: Kysely<LogTables>,
  keys: readonly string[],
): Promise<Map<string, StartIntent[]>> {
  const found = new Map<string, StartIntent[]>();
  if (keys.length === 0) return found;
  const rows = await db
    .selectFrom('starts')
    .selectAll()
    .where('request_key', 'in', keys)
    .orderBy('intent_id')
    .execute();
  for (const row of rows) {
    const intents = found.get(row.request_key ?? '');
    if (intents) intents.push(toStartIntent(row));
    else found.set(row.request_key ?? '', [toStartIntent(row)]);
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
  next: (intent: StartIntent) => StartState | null,
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
