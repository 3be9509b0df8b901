import type { RejectLimit } from '../mapping/mapping.js';

/** More records are bad than the mapping allows. */
export class RejectLimitError extends Error {
  override readonly name = 'RejectLimitError';
}

/** How many records a run has read and rejected. */
export interface RejectTally {
  readonly read: number;
  readonly rejected: number;
  /** Why the last one was rejected. */
  readonly lastReason: string;
}

/**
 * What Platform may leave out of a batch, in percent. A number of records is converted to a share of the batch's
 * records when it is created: one file, or all of a small run.
 */
export function partialIngestionPercentOf(limit: RejectLimit, records: number): number {
  if (limit.kind === 'percent') return limit.max;
  return records === 0 ? 0 : Math.min(100, (limit.max * 100) / records);
}

/**
 * Check a run's limit. A number applies at any time; a percentage refers to all records, and is known when `isAllRead`.
 *
 * @throws {RejectLimitError}
 */
export function checkRejectLimit(
  limit: RejectLimit,
  { read, rejected, lastReason }: RejectTally,
  isAllRead: boolean,
): void {
  const borne = limit.kind === 'records' ? limit.max : (read * limit.max) / 100;
  if (rejected <= borne || (limit.kind === 'percent' && !isAllRead)) return;
  const allowed = limit.max === 0 ? 'none' : `${limit.max}${limit.kind === 'percent' ? ' %' : ''}`;
  throw new RejectLimitError(
    `${rejected} of ${read} records are bad, but the mapping allows ${allowed}. The last one: ${lastReason}`,
  );
}
