/** Statuses of a job: created, its batch is with Platform, over. */
export const jobStatuses = ['CREATED', 'UPLOADED', 'SUCCESS', 'FAILED'] as const;
/** One of {@link jobStatuses}. */
export type JobStatus = (typeof jobStatuses)[number];

/** One execution of a mapping, by the scheduler or for a request. Instants in ms since the epoch. */
export interface Job {
  readonly jobId: string;
  readonly mappingId: string;
  /** Null if the scheduler started it. */
  readonly requestId: string | null;
  readonly batchId: string | null;
  readonly status: JobStatus;
  /** The number so far while the job runs. */
  readonly numRecords: number;
  readonly numRejected: number;
  readonly reason: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** A mapping as its administrators see it. */
export interface AdministeredMapping {
  readonly mappingId: string;
  readonly label: string;
  readonly isPublished: boolean;
  readonly isStarted: boolean;
  /** In ms since the epoch; null while it is stopped. */
  readonly nextRunAt: number | null;
  readonly runIntervalMs: number;
  /** How far everything was accepted, in the words of the source. */
  readonly watermark: string | null;
  readonly lastJob: Job | null;
}

/** A record that was not sent. */
export interface Reject {
  readonly key: string | null;
  /** In its file, from 1; null in a table. */
  readonly line: number | null;
  readonly reason: string;
}

/** Which jobs a listing includes. A property that is left out does not filter. */
export interface JobFilter {
  readonly mappingIds?: readonly string[] | undefined;
  readonly statuses?: readonly JobStatus[] | undefined;
  readonly requestIds?: readonly string[] | undefined;
  /** Started at this instant or later, in ms since the epoch. */
  readonly startedAfter?: number | undefined;
  /** Started before this instant. */
  readonly startedBefore?: number | undefined;
}

/** A change that an administrator requests. */
export type MappingChange =
  | { readonly kind: 'publish'; readonly resendFromBeginning: boolean }
  | { readonly kind: 'unpublish' | 'start' | 'stop' };

/** Why a change of a mapping was refused. */
export const mappingRefusals = [
  'UNKNOWN_MAPPING',
  'ALREADY_PUBLISHED',
  'NOT_PUBLISHED',
  'ALREADY_STARTED',
  'ALREADY_STOPPED',
  'JOB_RUNNING',
] as const;
/** One of {@link mappingRefusals}. */
export type MappingRefusal = (typeof mappingRefusals)[number];

/** Why a job was not cancelled. */
export const jobRefusals = ['UNKNOWN_JOB', 'JOB_OVER', 'BATCH_WHOLE'] as const;
/** One of {@link jobRefusals}. */
export type JobRefusal = (typeof jobRefusals)[number];

/** The result of a change: the new state, or why nothing was changed. */
export type ChangeResult<State, Refusal> =
  | { readonly kind: 'changed'; readonly state: State }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly message: string };
