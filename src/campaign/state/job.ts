/** The two ways in which a run fails, by the protocol's codes. */
export type FailureCode = 'ACP-880056' | 'ACP-880096';

/** A job's statuses, as the product's list shows them. */
export const JOB_STATUSES = ['Created', 'Uploaded', 'Success', 'Failed'] as const;

/** One of {@link JOB_STATUSES}. */
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Why a job failed: by the protocol's codes, or cut off by the end of the service. */
export type JobFailure = FailureCode | 'aborted';

/**
 * The state of a job.
 *
 *     Created ──▶ Uploaded ──▶ Success
 *        └───────────┴───────▶ Failed
 *
 * `Uploaded`: Platform has the batch and checks it.
 */
export type JobState =
  | { readonly status: 'Created' | 'Uploaded' }
  | { readonly status: 'Success'; readonly endedAt: number }
  | { readonly status: 'Failed'; readonly failure: JobFailure; readonly endedAt: number };

/** One execution of a mapping. Instants in ms since the epoch. */
export interface Job {
  readonly id: number;
  readonly mappingId: string;
  /** The request that it was started for; null if the scheduler started it. */
  readonly requestId: number | null;
  readonly batchId: string | null;
  /** The records in its batch; 0 until it is complete. */
  readonly numRecords: number;
  readonly numRejected: number;
  /** In words; may be empty. */
  readonly reason: string;
  readonly startedAt: number;
  readonly state: JobState;
}
