/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What went wrong, as in `extensions.code` of an error. */
export type ErrorCode =
  /** An argument is invalid. The message says what is allowed. */
  | 'BAD_USER_INPUT'
  /** The caller lacks the right to do this. */
  | 'FORBIDDEN'
  /** The upstream knows no such request. */
  | 'INGESTION_REQUEST_NOT_FOUND'
  /** A bug in the gateway, which has logged it. */
  | 'INTERNAL_SERVER_ERROR'
  /** The gateway’s log is unavailable. */
  | 'LOG_UNAVAILABLE'
  /** The upstream refused the API key or the profile, or a role is missing. */
  | 'UPSTREAM_FORBIDDEN'
  /** The upstream’s answer is not one that its API documents. */
  | 'UPSTREAM_INVALID_RESPONSE'
  /** The upstream received too many calls, or the gateway’s own budget is used up. */
  | 'UPSTREAM_RATE_LIMITED'
  /** The upstream gave no complete answer in time. */
  | 'UPSTREAM_TIMEOUT'
  /** The upstream refused the access token or the client credentials. */
  | 'UPSTREAM_UNAUTHENTICATED'
  /** The upstream or its token service cannot be reached, or fails. */
  | 'UPSTREAM_UNAVAILABLE';

/** The status of a batch, as Adobe Experience Platform documents it. */
export type IngestionBatchStatus =
  /** It was not completed in time. */
  | 'ABANDONED'
  /** Its producer aborted it. */
  | 'ABORTED'
  /** It was promoted, and can be read. */
  | 'ACTIVE'
  /** It was archived, and can be restored. */
  | 'ARCHIVED'
  /** It ended in an error. Platform also calls this `failure`. */
  | 'FAILED'
  /** It was promoted, then reverted or expired. */
  | 'INACTIVE'
  /** Its files are complete, and it can be promoted. */
  | 'LOADED'
  /** Its files are being written. */
  | 'LOADING'
  /** It waits to be promoted. */
  | 'PENDING'
  /** It is being processed. */
  | 'PROCESSING'
  /** It waits to be processed. */
  | 'QUEUED'
  /** It could not be processed, and will be tried again. */
  | 'RETRYING'
  /** The staging of its files is complete. */
  | 'STAGED'
  /** Its files are being staged. */
  | 'STAGING'
  /** It was retried too often, and is on hold. */
  | 'STALLED'
  /** It was ingested; some of its records may have been rejected. */
  | 'SUCCESS'
  /** Platform used an undocumented word: see `statusText`. */
  | 'UNKNOWN';

/** Which requests to list. Conditions that are left out don’t narrow the list. */
export type IngestionRequestFilter = {
  /** Of these mappings, 1 to 100. */
  readonly mappingIds?: ReadonlyArray<string | number> | null | undefined;
  /** First observed at this instant or later. */
  readonly observedAfter?: string | null | undefined;
  /** First observed before this instant. */
  readonly observedBefore?: string | null | undefined;
  /** Started through this gateway by this caller, as `startedBy` names it. */
  readonly startedBy?: string | null | undefined;
  /** With one of these statuses. Must not be empty. */
  readonly statuses?: ReadonlyArray<IngestionStatus> | null | undefined;
};

/** The status of an ingestion request. All but IN_PROGRESS are terminal. */
export type IngestionStatus =
  /** The ingestion service itself gave up, perhaps after ingesting some records. You may submit a new request. */
  | 'ABORTED'
  /** It ended in an error; `failure` says which. */
  | 'FAILED'
  /** A batch is being prepared or uploaded. */
  | 'IN_PROGRESS'
  /** Everything was ingested; `numRecords` says how many records. */
  | 'SUCCESS';

/** Why a job was not cancelled. */
export type JobRefusal =
  /** Platform has the whole batch and will decide. */
  | 'BATCH_WHOLE'
  /** It has ended. */
  | 'JOB_OVER'
  /** No such job, or the caller may not see its mapping. */
  | 'UNKNOWN_JOB';

/** The status of a job. SUCCESS and FAILED are final. */
export type JobStatus =
  /** It is reading its source and uploading. */
  | 'CREATED'
  /** It ended in an error, or was cancelled; `reason` says which. */
  | 'FAILED'
  /** Platform accepted its batch. */
  | 'SUCCESS'
  /** Platform has the whole batch and is checking it. */
  | 'UPLOADED';

/** What runs a published mapping. */
export type MappingExecution =
  /** The scheduler runs it, and `startIngestion` is refused. */
  | 'STARTED'
  /** It runs when someone calls `startIngestion`. */
  | 'STOPPED';

/** Whether a mapping is published. Only published mappings run. */
export type MappingPublication =
  /** It may be run. */
  | 'PUBLISHED'
  /** It must be published first. */
  | 'UNPUBLISHED';

/** Why a mapping was not changed. */
export type MappingRefusal =
  /** Unpublish it before you publish it again. */
  | 'ALREADY_PUBLISHED'
  /** The scheduler is already running it. */
  | 'ALREADY_STARTED'
  /** It is stopped already. */
  | 'ALREADY_STOPPED'
  /** A job is running: wait for it to end, or cancel it. */
  | 'JOB_RUNNING'
  /** Publish it, which also starts it. */
  | 'NOT_PUBLISHED'
  /** Campaign has no such mapping. */
  | 'UNKNOWN_MAPPING';

/** Why a request is no longer watched although it isn’t terminal. */
export type WatchEnd =
  /** An operator ended it with `endWatch`. */
  | 'ENDED_BY_OPERATOR'
  /** For an hour the upstream has said that it knows no such request. */
  | 'FORGOTTEN_UPSTREAM';

export type IngestionFragment = { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null };

export type ExportJobFragment = { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null };

export type MappingStateFragment = { readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { readonly viewer: { readonly name: string | null, readonly rights: ReadonlyArray<string> } };

export type LatestCursorQueryVariables = Exact<{ [key: string]: never; }>;


export type LatestCursorQuery = { readonly latestCursor: string };

export type IngestionsQueryVariables = Exact<{
  filter?: IngestionRequestFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type IngestionsQuery = { readonly ingestionRequests: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type OneIngestionQueryVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
}>;


export type OneIngestionQuery = { readonly ingestionStatus: { readonly info: string, readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly watch: { readonly lastPolledAt: string | null, readonly nextPollAt: string | null, readonly consecutiveFailures: number, readonly endedBecause: WatchEnd | null, readonly lastFailure: { readonly code: ErrorCode, readonly message: string, readonly at: string } | null } | null, readonly transitions: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly from: IngestionStatus | null, readonly to: IngestionStatus, readonly observedAt: string, readonly info: string }> }, readonly retryOf: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly retriedBy: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly job: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly mapping: { readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null } | null };

export type IngestionBatchQueryVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
}>;


export type IngestionBatchQuery = { readonly ingestionStatus: { readonly batch: { readonly batchId: string, readonly status: IngestionBatchStatus, readonly statusText: string, readonly numRecords: number | null, readonly numIngested: number | null, readonly numFailed: number | null, readonly errors: ReadonlyArray<{ readonly code: string, readonly description: string, readonly numRecords: number | null }> } | null } | null };

export type MappingNamesQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type MappingNamesQuery = { readonly mappings: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly mappingId: string, readonly label: string | null }> } };

export type MappingsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type MappingsQuery = { readonly mappings: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type OneMappingQueryVariables = Exact<{
  mappingId: string | number;
}>;


export type OneMappingQuery = { readonly mapping: { readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null } | null };

export type JobsQueryVariables = Exact<{
  mappingId: string | number;
  after?: string | null | undefined;
}>;


export type JobsQuery = { readonly jobs: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null, readonly request: { readonly mappingId: string, readonly requestId: string } | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type RejectsQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type RejectsQuery = { readonly node:
    | { readonly rejects: { readonly nodes: ReadonlyArray<{ readonly key: string | null, readonly place: string, readonly reason: string }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } }
    | Record<PropertyKey, never>
   | null };

type Change_MappingChangeRefused_Fragment = { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string };

type Change_MappingChanged_Fragment = { readonly __typename: 'MappingChanged', readonly mapping: { readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null } };

export type ChangeFragment =
  | Change_MappingChangeRefused_Fragment
  | Change_MappingChanged_Fragment
;

export type PublishMappingMutationVariables = Exact<{
  mappingId: string | number;
  resendFromBeginning?: boolean | null | undefined;
}>;


export type PublishMappingMutation = { readonly publishMapping:
    | { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string }
    | { readonly __typename: 'MappingChanged', readonly mapping: { readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null } }
   };

export type UnpublishMappingMutationVariables = Exact<{
  mappingId: string | number;
}>;


export type UnpublishMappingMutation = { readonly unpublishMapping:
    | { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string }
    | { readonly __typename: 'MappingChanged', readonly mapping: { readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null } }
   };

export type StartMappingMutationVariables = Exact<{
  mappingId: string | number;
}>;


export type StartMappingMutation = { readonly startMapping:
    | { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string }
    | { readonly __typename: 'MappingChanged', readonly mapping: { readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null } }
   };

export type StopMappingMutationVariables = Exact<{
  mappingId: string | number;
}>;


export type StopMappingMutation = { readonly stopMapping:
    | { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string }
    | { readonly __typename: 'MappingChanged', readonly mapping: { readonly id: string, readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly runs: number, readonly p50Ms: number, readonly p95Ms: number } | null, readonly lastRequest: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runIntervalMs: number, readonly watermark: string | null, readonly runningJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null, readonly lastJob: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } | null } | null } }
   };

export type CancelJobMutationVariables = Exact<{
  jobId: string | number;
}>;


export type CancelJobMutation = { readonly cancelJob:
    | { readonly __typename: 'JobCancelled', readonly job: { readonly id: string, readonly jobId: string, readonly batchId: string | null, readonly status: JobStatus, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly startedAt: string, readonly endedAt: string | null } }
    | { readonly __typename: 'JobChangeRefused', readonly reason: JobRefusal, readonly message: string }
   };

export type EndWatchMutationVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
}>;


export type EndWatchMutation = { readonly endWatch: { readonly wasWatched: boolean } };

export type ActivitySubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ActivitySubscription = { readonly ingestionActivity: { readonly cursor: string, readonly from: IngestionStatus | null, readonly to: IngestionStatus, readonly request: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly batchId: string | null, readonly numRecords: number | null, readonly firstObservedAt: string, readonly startedAt: string | null, readonly startedBy: string | null, readonly finishedAt: string | null, readonly lastObservedAt: string, readonly durationMs: number, readonly isLongerThanUsual: boolean | null, readonly attempt: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const IngestionFragmentDoc = new TypedDocumentString(`
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
    `, {"fragmentName":"Ingestion"}) as unknown as TypedDocumentString<IngestionFragment, unknown>;
export const ExportJobFragmentDoc = new TypedDocumentString(`
    fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
    `, {"fragmentName":"ExportJob"}) as unknown as TypedDocumentString<ExportJobFragment, unknown>;
export const MappingStateFragmentDoc = new TypedDocumentString(`
    fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}`, {"fragmentName":"MappingState"}) as unknown as TypedDocumentString<MappingStateFragment, unknown>;
export const ChangeFragmentDoc = new TypedDocumentString(`
    fragment Change on MappingChange {
  __typename
  ... on MappingChanged {
    mapping {
      ...MappingState
    }
  }
  ... on MappingChangeRefused {
    reason
    message
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}`, {"fragmentName":"Change"}) as unknown as TypedDocumentString<ChangeFragment, unknown>;
export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  viewer {
    name
    rights
  }
}
    `) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const LatestCursorDocument = new TypedDocumentString(`
    query LatestCursor {
  latestCursor
}
    `) as unknown as TypedDocumentString<LatestCursorQuery, LatestCursorQueryVariables>;
export const IngestionsDocument = new TypedDocumentString(`
    query Ingestions($filter: IngestionRequestFilter, $first: Int, $after: Cursor) {
  ingestionRequests(filter: $filter, first: $first, after: $after) {
    nodes {
      ...Ingestion
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}`) as unknown as TypedDocumentString<IngestionsQuery, IngestionsQueryVariables>;
export const OneIngestionDocument = new TypedDocumentString(`
    query OneIngestion($mappingId: ID!, $requestId: ID!) {
  ingestionStatus(
    mappingId: $mappingId
    requestId: $requestId
    maxAgeMs: 2147483647
  ) {
    ...Ingestion
    info
    watch {
      lastPolledAt
      nextPollAt
      consecutiveFailures
      endedBecause
      lastFailure {
        code
        message
        at
      }
    }
    transitions(first: 100) {
      nodes {
        id
        from
        to
        observedAt
        info
      }
    }
    retryOf {
      ...Ingestion
    }
    retriedBy {
      ...Ingestion
    }
    job {
      ...ExportJob
    }
  }
  mapping(mappingId: $mappingId) {
    ...MappingState
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}`) as unknown as TypedDocumentString<OneIngestionQuery, OneIngestionQueryVariables>;
export const IngestionBatchDocument = new TypedDocumentString(`
    query IngestionBatch($mappingId: ID!, $requestId: ID!) {
  ingestionStatus(
    mappingId: $mappingId
    requestId: $requestId
    maxAgeMs: 2147483647
  ) {
    batch {
      batchId
      status
      statusText
      numRecords
      numIngested
      numFailed
      errors {
        code
        description
        numRecords
      }
    }
  }
}
    `) as unknown as TypedDocumentString<IngestionBatchQuery, IngestionBatchQueryVariables>;
export const MappingNamesDocument = new TypedDocumentString(`
    query MappingNames($after: Cursor) {
  mappings(first: 100, after: $after) {
    nodes {
      id
      mappingId
      label
    }
  }
}
    `) as unknown as TypedDocumentString<MappingNamesQuery, MappingNamesQueryVariables>;
export const MappingsDocument = new TypedDocumentString(`
    query Mappings($first: Int, $after: Cursor) {
  mappings(first: $first, after: $after) {
    nodes {
      ...MappingState
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}`) as unknown as TypedDocumentString<MappingsQuery, MappingsQueryVariables>;
export const OneMappingDocument = new TypedDocumentString(`
    query OneMapping($mappingId: ID!) {
  mapping(mappingId: $mappingId) {
    ...MappingState
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}`) as unknown as TypedDocumentString<OneMappingQuery, OneMappingQueryVariables>;
export const JobsDocument = new TypedDocumentString(`
    query Jobs($mappingId: ID!, $after: Cursor) {
  jobs(filter: {mappingIds: [$mappingId]}, first: 25, after: $after) {
    nodes {
      ...ExportJob
      request {
        mappingId
        requestId
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}`) as unknown as TypedDocumentString<JobsQuery, JobsQueryVariables>;
export const RejectsDocument = new TypedDocumentString(`
    query Rejects($id: ID!, $after: Cursor) {
  node(id: $id) {
    ... on Job {
      rejects(first: 50, after: $after) {
        nodes {
          key
          place
          reason
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<RejectsQuery, RejectsQueryVariables>;
export const PublishMappingDocument = new TypedDocumentString(`
    mutation PublishMapping($mappingId: ID!, $resendFromBeginning: Boolean) {
  publishMapping(
    input: {mappingId: $mappingId, resendFromBeginning: $resendFromBeginning}
  ) {
    ...Change
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}
fragment Change on MappingChange {
  __typename
  ... on MappingChanged {
    mapping {
      ...MappingState
    }
  }
  ... on MappingChangeRefused {
    reason
    message
  }
}`) as unknown as TypedDocumentString<PublishMappingMutation, PublishMappingMutationVariables>;
export const UnpublishMappingDocument = new TypedDocumentString(`
    mutation UnpublishMapping($mappingId: ID!) {
  unpublishMapping(mappingId: $mappingId) {
    ...Change
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}
fragment Change on MappingChange {
  __typename
  ... on MappingChanged {
    mapping {
      ...MappingState
    }
  }
  ... on MappingChangeRefused {
    reason
    message
  }
}`) as unknown as TypedDocumentString<UnpublishMappingMutation, UnpublishMappingMutationVariables>;
export const StartMappingDocument = new TypedDocumentString(`
    mutation StartMapping($mappingId: ID!) {
  startMapping(mappingId: $mappingId) {
    ...Change
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}
fragment Change on MappingChange {
  __typename
  ... on MappingChanged {
    mapping {
      ...MappingState
    }
  }
  ... on MappingChangeRefused {
    reason
    message
  }
}`) as unknown as TypedDocumentString<StartMappingMutation, StartMappingMutationVariables>;
export const StopMappingDocument = new TypedDocumentString(`
    mutation StopMapping($mappingId: ID!) {
  stopMapping(mappingId: $mappingId) {
    ...Change
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}
fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}
fragment MappingState on Mapping {
  id
  mappingId
  label
  usualDuration {
    runs
    p50Ms
    p95Ms
  }
  lastRequest {
    ...Ingestion
  }
  administration {
    publication
    execution
    nextRunAt
    runIntervalMs
    watermark
    runningJob {
      ...ExportJob
    }
    lastJob {
      ...ExportJob
    }
  }
}
fragment Change on MappingChange {
  __typename
  ... on MappingChanged {
    mapping {
      ...MappingState
    }
  }
  ... on MappingChangeRefused {
    reason
    message
  }
}`) as unknown as TypedDocumentString<StopMappingMutation, StopMappingMutationVariables>;
export const CancelJobDocument = new TypedDocumentString(`
    mutation CancelJob($jobId: ID!) {
  cancelJob(jobId: $jobId) {
    __typename
    ... on JobCancelled {
      job {
        ...ExportJob
      }
    }
    ... on JobChangeRefused {
      reason
      message
    }
  }
}
    fragment ExportJob on Job {
  id
  jobId
  batchId
  status
  numRecords
  numRejected
  reason
  startedAt
  endedAt
}`) as unknown as TypedDocumentString<CancelJobMutation, CancelJobMutationVariables>;
export const EndWatchDocument = new TypedDocumentString(`
    mutation EndWatch($mappingId: ID!, $requestId: ID!) {
  endWatch(mappingId: $mappingId, requestId: $requestId) {
    wasWatched
  }
}
    `) as unknown as TypedDocumentString<EndWatchMutation, EndWatchMutationVariables>;
export const ActivityDocument = new TypedDocumentString(`
    subscription Activity($after: Cursor) {
  ingestionActivity(after: $after) {
    cursor
    from
    to
    request {
      ...Ingestion
    }
  }
}
    fragment Ingestion on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  batchId
  numRecords
  failure {
    code
    message
    isRetryable
  }
  firstObservedAt
  startedAt
  startedBy
  finishedAt
  lastObservedAt
  durationMs
  isLongerThanUsual
  attempt
}`) as unknown as TypedDocumentString<ActivitySubscription, ActivitySubscriptionVariables>;