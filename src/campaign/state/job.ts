import type { FailureCode } from './ingestion-request.js';

/** A job's statuses, as the product's list shows them. */
export const JOB_STATUSES = ['Created', 'Uploaded', 'Success', 'Failed'] as const;

/** One of {@link JOB_STATUSES}. */
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Why a job failed: by the protocol's codes, or cut off by the end of the service. */
export type JobFailure = FailureCode | 'aborted';

/**
 * Where a job stands.
 *
 *     Created ──▶ Uploaded ──▶ Success
 *        └───────────┴───────▶ Failed
 *
 * `Uploaded`: the batch is Platform's now, which checks it.
 */
export type JobState =
  | { readonly status: 'Created' | 'Uploaded' }
  | { readonly status: 'Success'; readonly endedAt: number }
  | { readonly status: 'Failed'; readonly failure: JobFailure; readonly endedAt: number };

/** One execution of a mapping. Instants in ms since the epoch. */
export interface Job {
  readonly id: number;
  readonly mappingId: string;
  /** The request that it was started for; null where the scheduler started it. */
  readonly requestId: number | null;
  readonly batchId: string | null;
  /** What is in its batch; 0 until all of it is. */
  readonly numRecords: number;
  readonly numRejected: number;
  /** In words; empty where there is nothing to say. */
  readonly reason: string;
  readonly startedAt: number;
  readonly state: JobState;
}
