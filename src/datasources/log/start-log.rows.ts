import type { Insertable, Selectable } from 'kysely';
import { LogDamagedError } from '../../ingestion/gateway-error.js';
import { toRequestKey } from '../../ingestion/ingestion-request.js';
import type { StartIdentity, StartIntent, StartState } from '../../ingestion/start-intent.js';
import type { Position } from '../../ingestion/transition.js';
import { toChecksum, toRef } from './ingestion-log.rows.js';
import type { StartRow } from './ingestion-log.schema.js';

/** What is said of a start: all of a row but what the database gives and what is made of the rest. */
type StartColumns = Omit<Selectable<StartRow>, 'intent_id' | 'sent_after' | 'checksum'>;

/** Who is about to send a start, and how far the log has come by then. */
export interface Sending {
  readonly sentBy: string;
  readonly sentAfter: Position;
}

/**
 * A new start as its row; the database gives it its id.
 *
 * @param sending - null where it waits
 */
export function toStartRow(
  intent: Omit<StartIntent, 'intentId'>,
  sending: Sending | null,
): Insertable<StartRow> {
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
  return { ...row, sent_after: sending?.sentAfter ?? null, checksum };
}

/** How a start may stand of which nobody waits for the answer. */
export type UnsentState = Exclude<StartState, { readonly kind: 'sent' }>;

/** A row in another state, in which nobody waits for an answer. */
export function withState(row: Selectable<StartRow>, state: UnsentState): Selectable<StartRow> {
  const changed = { ...row, ...toStateColumns(state), sent_by: null };
  return { ...changed, checksum: toStartChecksum(changed) };
}

/** The row of a start that a process is about to send. */
export function asSent(
  row: Selectable<StartRow>,
  sentAt: number,
  { sentBy, sentAfter }: Sending,
): Selectable<StartRow> {
  const sent = { sent_at: sentAt, sent_by: sentBy, sent_after: sentAfter };
  const changed = { ...row, ...toStateColumns({ kind: 'sent' }), ...sent };
  return { ...changed, checksum: toStartChecksum(changed) };
}

/** A row whose key another start may have. */
export function withoutKey(row: Selectable<StartRow>): Selectable<StartRow> {
  const changed = { ...row, taken_key: null };
  return { ...changed, checksum: toStartChecksum(changed) };
}

/** One text for a caller and a key: no two different pairs give the same. Null where there is no key. */
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
  const empty = { request_key: null, code: null, message: null, settled_at: null };
  switch (state.kind) {
    case 'waiting':
    case 'sent':
      return { ...empty, state: state.kind };
    case 'submitted':
    case 'alreadyInProgress': {
      const { kind, ref, message, settledAt } = state;
      return {
        ...empty,
        state: kind,
        request_key: toRequestKey(ref),
        message,
        settled_at: settledAt,
      };
    }
    case 'mappingNotStopped':
    case 'mappingNotPublished':
    case 'refused': {
      const { kind, message, settledAt } = state;
      return { ...empty, state: kind, message, settled_at: settledAt };
    }
    case 'unknown':
    case 'abandoned': {
      const { kind, code, message, settledAt } = state;
      return { ...empty, state: kind, code, message, settled_at: settledAt };
    }
  }
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

/** The id is not in it: the database gives it, and nothing but the row itself refers to it. */
function toStartChecksum(row: StartColumns): number {
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
    // Rows from before there was this column have checksums without it.
    ...(row.sent_by === null ? [] : [row.sent_by]),
  ]);
}
