import { crc32 } from 'node:zlib';
import type { Insertable, Selectable } from 'kysely';
import { LogDamagedError } from '../../ingestion/gateway-error.js';
import type {
  IngestionRecord,
  ReportedState,
  RequestRef,
} from '../../ingestion/ingestion-request.js';
import { toRequestKey } from '../../ingestion/ingestion-request.js';
import type { Transition } from '../../ingestion/transition.js';
import type { RequestRow, TransitionRow } from './ingestion-log.schema.js';

/**
 * Rows have a checksum of their content, so that a flipped bit on the disk is noticed on reading. SQLite's own pages
 * have none.
 */
export function toChecksum(values: readonly unknown[]): number {
  return crc32(JSON.stringify(values));
}

/** Convert a request to its row. */
export function toRequestRow(record: IngestionRecord): Insertable<RequestRow> {
  const { ref, state, startedAt, firstObservedAt, changedAt, firstPosition } = record;
  const row = {
    request_key: toRequestKey(ref),
    mapping_id: ref.mappingId,
    request_id: ref.requestId,
    ...toStateColumns(state),
    status: state.status,
    started_at: startedAt,
    first_observed_at: firstObservedAt,
    changed_at: changedAt,
    first_position: firstPosition,
  };
  return { ...row, checksum: toRequestChecksum(row) };
}

/** @throws {LogDamagedError} the row is not what was written */
export function toIngestionRecord(row: Selectable<RequestRow>): IngestionRecord {
  if (row.checksum !== toRequestChecksum(row)) throw new LogDamagedError();
  return {
    ref: { mappingId: row.mapping_id, requestId: row.request_id },
    state: toState(row.status, row),
    startedAt: row.started_at,
    firstObservedAt: row.first_observed_at,
    changedAt: row.changed_at,
    firstPosition: row.first_position,
  };
}

/** Convert a transition to its row. */
export function toTransitionRow(transition: Transition): Insertable<TransitionRow> {
  const { position, ref, from, to, observedAt } = transition;
  const row = {
    position,
    request_key: toRequestKey(ref),
    mapping_id: ref.mappingId,
    from_status: from,
    to_status: to.status,
    ...toStateColumns(to),
    observed_at: observedAt,
  };
  return { ...row, checksum: toTransitionChecksum(row) };
}

/** @throws {LogDamagedError} the row is not what was written */
export function toTransition(row: Selectable<TransitionRow>): Transition {
  if (row.checksum !== toTransitionChecksum(row)) throw new LogDamagedError();
  return {
    position: row.position,
    ref: toRef(row.request_key),
    from: row.from_status,
    to: toState(row.to_status, row),
    observedAt: row.observed_at,
  };
}

type StateColumns = Pick<TransitionRow, 'info' | 'batch_id' | 'num_records'>;

function toStateColumns(state: ReportedState): StateColumns {
  const num_records = state.status === 'SUCCESS' ? state.numRecords : null;
  return { info: state.info, batch_id: state.batchId, num_records };
}

function toState(status: ReportedState['status'], columns: StateColumns): ReportedState {
  const { info, batch_id: batchId, num_records } = columns;
  if (status !== 'SUCCESS') return { status, info, batchId };
  return { status, info, batchId, numRecords: num_records };
}

/** `toRequestKey` made the key, and the checksum confirmed it. */
export function toRef(requestKey: string): RequestRef {
  const [mappingId, requestId] = JSON.parse(requestKey) as [string, string];
  return { mappingId, requestId };
}

function toRequestChecksum(row: Omit<Selectable<RequestRow>, 'checksum'>): number {
  return toChecksum([
    row.request_key,
    row.mapping_id,
    row.request_id,
    row.status,
    row.info,
    row.batch_id,
    row.num_records,
    row.started_at,
    row.first_observed_at,
    row.changed_at,
    row.first_position,
  ]);
}

function toTransitionChecksum(row: Omit<Selectable<TransitionRow>, 'checksum'>): number {
  return toChecksum([
    row.position,
    row.request_key,
    row.mapping_id,
    row.from_status,
    row.to_status,
    row.info,
    row.batch_id,
    row.num_records,
    row.observed_at,
  ]);
}
