import type { Logger } from 'pino';
import { toIngestionFailure } from '../../ingestion/ingestion-failure.js';
import { type IngestionRecord, isTerminal } from '../../ingestion/ingestion-request.js';
import type { Transition } from '../../ingestion/transition.js';

/**
 * Logs each transition in one line, as a warning if the request went wrong.
 *
 * @returns to be called with each transition that was observed here, and the new state of its request
 */
export function createTransitionLog(logger: Logger) {
  return ({ ref, from, to, observedAt }: Transition, record: IngestionRecord): void => {
    const { mappingId, requestId } = ref;
    const { status } = to;
    const numRecords = to.status === 'SUCCESS' ? to.numRecords : null;
    const failureCode = toIngestionFailure(to, mappingId)?.code ?? null;
    const durationMs = isTerminal(status) ? toDurationMs(observedAt, record) : null;
    const words = [
      `${mappingId} ${requestId}: ${from === null ? '' : `${from} → `}${status}`,
      ...(failureCode === null ? [] : [failureCode]),
      ...(numRecords === null ? [] : [`${numRecords} ${numRecords === 1 ? 'record' : 'records'}`]),
      ...(durationMs === null ? [] : [`${(durationMs / 1_000).toFixed(1)} s`]),
    ];
    const transition = {
      mappingId,
      requestId,
      from,
      to: status,
      numRecords,
      failureCode,
      durationMs,
    };
    const level = status === 'FAILED' || status === 'ABORTED' ? 'warn' : 'info';
    logger[level]({ transition }, words.join(', '));
  };
}

/** Null if unknown, because the clock was set back meanwhile. */
function toDurationMs(
  observedAt: number,
  { startedAt, firstObservedAt }: IngestionRecord,
): number | null {
  const durationMs = observedAt - (startedAt ?? firstObservedAt);
  return durationMs < 0 ? null : Math.round(durationMs);
}
