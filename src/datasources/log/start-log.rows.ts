import type { InsertObject, RawBuilder, Selectable, Transaction } from 'kysely';
import { LogDamagedError } from '../../ingestion/gateway-error.js';
import { toRequestKey } from '../../ingestion/ingestion-request.js';
import type { StartIdentity, StartIntent, StartState } from '../../ingestion/start-intent.js';
import type { Position } from '../../ingestion/transition.js';
import { toChecksum, toRef } from './ingestion-log.rows.js';
import type { LogTables, StartRow } from './ingestion-log.schema.js';

/** The columns that describe a start: without those that the database generates or that are derived. */
type StartColumns = Omit<Selectable<StartRow>, 'intent_id' | 'sent_after' | 'due_at' | 'checksum'>;

/** A sending: its id, how far the log has come, and when the answer is due. */
export interface Sending {
  readonly sentBy: string;
  readonly sentAfter: Position;
  readonly dueAt: RawBuilder<number>;
}

/**
 * Convert a new start to its row; the database generates its id.
 *
 * @param sending - null if it waits
 */
export function toStartRow(
  intent: Omit<StartIntent, 'intentId'>,
  sending: Sending | null,
): InsertObject<LogTables, 'starts'> {
  const row = {
    caller: intent.caller,
    idempotency_key: intent.idempotencyKey,
    taken_key: toTakenKey(intent),
    mapping_id: intent.mappingId,
    retry_on_abort: intent.retryOnAbort,
    attempt: intent.attempt,
    retry_of: intent.retryOf && toRequestKey(intent.retryOf),
    created_at: intent.createdAt,
    sent_at: intent.sentAt,
    ...toStateColumns(intent.state),
    sent_by: sending?.sentBy ?? null,
  };
  const checksum = toStartChecksum(row);
  return {
    ...row,
    sent_after: sending?.sentAfter ?? null,
    due_at: sending?.dueAt ?? null,
    checksum,
  };
}

/** The states of a start that is not in progress. */
export type UnsentState = Exclude<StartState, { readonly kind: 'sent' }>;

/**
 * Change the state of a start; does nothing if it no longer exists.
 *
 * @param next - returns the new state, or null to leave the start as it is
 */
export async function changeState(
  transaction: Transaction<LogTables>,
  intentId: number,
  next: (intent: StartIntent, row: Selectable<StartRow>) => UnsentState | null,
): Promise<void> {
  const row = await findRow(transaction, intentId);
  const state = row ? next(toStartIntent(row), row) : null;
  if (row && state) await replaceState(transaction, row, state);
}

/** Change the state of a row. An unknown start keeps its sending, so that it can still be withdrawn. */
export async function replaceState(
  transaction: Transaction<LogTables>,
  row: Selectable<StartRow>,
  state: UnsentState,
): Promise<Selectable<StartRow>> {
  const sentBy = state.kind === 'unknown' ? row.sent_by : null;
  const changed = { ...row, ...toStateColumns(state), sent_by: sentBy };
  const replaced = { ...changed, checksum: toStartChecksum(changed) };
  await replaceRow(transaction, replaced);
  return replaced;
}

/** Record that a start is about to be sent. */
export async function replaceSent(
  transaction: Transaction<LogTables>,
  row: Selectable<StartRow>,
  sentAt: number,
  { sentBy, sentAfter, dueAt }: Sending,
): Promise<void> {
  const sent = { sent_at: sentAt, sent_by: sentBy, sent_after: sentAfter };
  const changed = { ...row, ...toStateColumns({ kind: 'sent' }), ...sent };
  await replaceRow(transaction, { ...changed, checksum: toStartChecksum(changed) }, dueAt);
}

/** Let another start use this one's key. */
export async function freeKey(
  transaction: Transaction<LogTables>,
  row: Selectable<StartRow>,
): Promise<void> {
  const changed = { ...row, taken_key: null };
  await replaceRow(transaction, { ...changed, checksum: toStartChecksum(changed) });
}

/** The row of a start; undefined if it no longer exists. */
export function findRow(
  transaction: Transaction<LogTables>,
  intentId: number,
): Promise<Selectable<StartRow> | undefined> {
  return transaction
    .selectFrom('starts')
    .selectAll()
    .where('intent_id', '=', intentId)
    .executeTakeFirst();
}

async function replaceRow(
  transaction: Transaction<LogTables>,
  { intent_id, ...columns }: Selectable<StartRow>,
  dueAt?: RawBuilder<number>,
): Promise<void> {
  await transaction
    .updateTable('starts')
    .set({ ...columns, ...(dueAt && { due_at: dueAt }) })
    .where('intent_id', '=', intent_id)
    .execute();
}

/** One text for a caller and a key; different pairs give different texts. Null if there is no key. */
export function toTakenKey({ caller, idempotencyKey }: StartIdentity): string | null {
  return idempotencyKey === null ? null : JSON.stringify([caller, idempotencyKey]);
}

/** @throws {LogDamagedError} the row is not what was written */
export function toStartIntent(row: Selectable<StartRow>): StartIntent {
  if (row.checksum !== toStartChecksum(row)) throw new LogDamagedError();
  return {
    intentId: row.intent_id,
    caller: row.caller,
    idempotencyKey: row.idempotency_key,
    mappingId: row.mapping_id,
    retryOnAbort: row.retry_on_abort,
    attempt: row.attempt,
    retryOf: row.retry_of === null ? null : toRef(row.retry_of),
    createdAt: row.created_at,
    sentAt: row.sent_at,
    state: toState(row),
  };
}

type StateColumns = Pick<StartRow, 'state' | 'request_key' | 'code' | 'message' | 'settled_at'>;

function toStateColumns(state: StartState): StateColumns {
  return {
    state: state.kind,
    request_key: 'ref' in state ? toRequestKey(state.ref) : null,
    code: 'code' in state ? state.code : null,
    message: 'message' in state ? state.message : null,
    settled_at: 'settledAt' in state ? state.settledAt : null,
  };
}

function toState({
  state: kind,
  request_key,
  code,
  message,
  settled_at,
}: StateColumns): StartState {
  if (kind === 'waiting' || kind === 'sent') return { kind };
  if (message === null || settled_at === null) throw new LogDamagedError();
  const settled = { message, settledAt: settled_at };
  switch (kind) {
    case 'submitted':
    case 'alreadyInProgress':
      if (request_key === null) throw new LogDamagedError();
      return { kind, ref: toRef(request_key), ...settled };
    case 'mappingNotStopped':
    case 'mappingNotPublished':
    case 'refused':
      return { kind, ...settled };
    case 'unknown':
    case 'abandoned':
      if (code === null) throw new LogDamagedError();
      return { kind, code, ...settled };
  }
}

/**
 * The checksum that a row must have. It does not cover the id, because the database generates it and nothing else
 * refers to it.
 */
export function toStartChecksum(row: StartColumns): number {
  return toChecksum([
    row.caller,
    row.idempotency_key,
    row.taken_key,
    row.mapping_id,
    row.retry_on_abort,
    row.attempt,
    row.retry_of,
    row.created_at,
    row.sent_at,
    row.state,
    row.request_key,
    row.code,
    row.message,
    row.settled_at,
    // Rows from before this column existed have checksums without it.
    ...(row.sent_by === null ? [] : [row.sent_by]),
  ]);
}
