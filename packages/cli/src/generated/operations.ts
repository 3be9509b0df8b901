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

/** Which transitions to deliver. Conditions that are left out don’t narrow the subscription. */
export type IngestionActivityFilter = {
  /** Of these mappings, 1 to 100. */
  readonly mappingIds?: ReadonlyArray<string | number> | null | undefined;
  /** Of requests started through this gateway by this caller, as `startedBy` names it. */
  readonly startedBy?: string | null | undefined;
  /** To one of these statuses. Must not be empty. */
  readonly statuses?: ReadonlyArray<IngestionStatus> | null | undefined;
};

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

/** Which jobs to list. Conditions that are left out don’t narrow the list. */
export type JobFilter = {
  /** Of these mappings, 1 to 100. */
  readonly mappingIds?: ReadonlyArray<string | number> | null | undefined;
  /** Started at this instant or later. */
  readonly startedAfter?: string | null | undefined;
  /** Started before this instant. */
  readonly startedBefore?: string | null | undefined;
  /** With one of these statuses. Must not be empty. */
  readonly statuses?: ReadonlyArray<JobStatus> | null | undefined;
};

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

/** Which mapping to publish, and where its ingestion continues. */
export type PublishMappingInput = {
  /** The mapping’s id. */
  readonly mappingId: string | number;
  /** Forget how far it has been ingested, so that the next run sends everything again. */
  readonly resendFromBeginning?: boolean | null | undefined;
};

/** Why a request is no longer watched although it isn’t terminal. */
export type WatchEnd =
  /** An operator ended it with `endWatch`. */
  | 'ENDED_BY_OPERATOR'
  /** For an hour the upstream has said that it knows no such request. */
  | 'FORGOTTEN_UPSTREAM';

export type ShownRequestFragment = { readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly attempt: number, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedBy: string | null, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly durationMs: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null };

export type ShownTransitionFragment = { readonly from: IngestionStatus | null, readonly to: IngestionStatus, readonly observedAt: string, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null, readonly request: { readonly mappingId: string, readonly requestId: string, readonly attempt: number, readonly durationMs: number, readonly firstObservedAt: string, readonly retryOf: { readonly requestId: string } | null } };

export type MappingFragment = { readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly p50Ms: number, readonly p95Ms: number } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runningJob: { readonly jobId: string } | null } | null, readonly lastRequest: { readonly requestId: string, readonly status: IngestionStatus, readonly firstObservedAt: string } | null };

type MappingChange_MappingChangeRefused_Fragment = { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string };

type MappingChange_MappingChanged_Fragment = { readonly __typename: 'MappingChanged', readonly mapping: { readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly p50Ms: number, readonly p95Ms: number } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runningJob: { readonly jobId: string } | null } | null, readonly lastRequest: { readonly requestId: string, readonly status: IngestionStatus, readonly firstObservedAt: string } | null } };

export type MappingChangeFragment =
  | MappingChange_MappingChangeRefused_Fragment
  | MappingChange_MappingChanged_Fragment
;

export type JobFragment = { readonly jobId: string, readonly status: JobStatus, readonly startedAt: string, readonly endedAt: string | null, readonly batchId: string | null, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly mapping: { readonly mappingId: string }, readonly request: { readonly requestId: string } | null };

export type StatusQueryVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
}>;


export type StatusQuery = { readonly ingestionStatus: { readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly attempt: number, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedBy: string | null, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly durationMs: number, readonly watch: { readonly lastPolledAt: string | null, readonly nextPollAt: string | null, readonly consecutiveFailures: number, readonly endedBecause: WatchEnd | null, readonly lastFailure: { readonly at: string, readonly code: ErrorCode, readonly message: string } | null } | null, readonly retryOf: { readonly requestId: string } | null, readonly retriedBy: { readonly requestId: string } | null, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null };

export type BatchQueryVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
}>;


export type BatchQuery = { readonly ingestionStatus: { readonly batch: { readonly status: IngestionBatchStatus, readonly numRecords: number | null, readonly numIngested: number | null, readonly numFailed: number | null, readonly errors: ReadonlyArray<{ readonly code: string, readonly description: string, readonly numRecords: number | null }> } | null } | null };

export type RequestsQueryVariables = Exact<{
  filter?: IngestionRequestFilter | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type RequestsQuery = { readonly page: { readonly nodes: ReadonlyArray<{ readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly attempt: number, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedBy: string | null, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly durationMs: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type MappingsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type MappingsQuery = { readonly page: { readonly nodes: ReadonlyArray<{ readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly p50Ms: number, readonly p95Ms: number } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runningJob: { readonly jobId: string } | null } | null, readonly lastRequest: { readonly requestId: string, readonly status: IngestionStatus, readonly firstObservedAt: string } | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type JobsQueryVariables = Exact<{
  filter?: JobFilter | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type JobsQuery = { readonly page: { readonly nodes: ReadonlyArray<{ readonly jobId: string, readonly status: JobStatus, readonly startedAt: string, readonly endedAt: string | null, readonly batchId: string | null, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly mapping: { readonly mappingId: string }, readonly request: { readonly requestId: string } | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null };

export type UsualDurationQueryVariables = Exact<{
  mappingId: string | number;
}>;


export type UsualDurationQuery = { readonly mapping: { readonly usualDuration: { readonly p50Ms: number, readonly p95Ms: number } | null } | null };

export type LineageQueryVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
}>;


export type LineageQuery = { readonly ingestionStatus: { readonly retriedBy: { readonly requestId: string } | null } | null };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { readonly viewer: { readonly name: string | null, readonly rights: ReadonlyArray<string> } };

export type LatestCursorQueryVariables = Exact<{ [key: string]: never; }>;


export type LatestCursorQuery = { readonly latestCursor: string };

export type FieldsQueryVariables = Exact<{ [key: string]: never; }>;


export type FieldsQuery = { readonly query: { readonly fields: ReadonlyArray<{ readonly name: string }> | null } | null, readonly mutation: { readonly fields: ReadonlyArray<{ readonly name: string }> | null } | null };

export type PublishMutationVariables = Exact<{
  input: PublishMappingInput;
}>;


export type PublishMutation = { readonly change:
    | { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string }
    | { readonly __typename: 'MappingChanged', readonly mapping: { readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly p50Ms: number, readonly p95Ms: number } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runningJob: { readonly jobId: string } | null } | null, readonly lastRequest: { readonly requestId: string, readonly status: IngestionStatus, readonly firstObservedAt: string } | null } }
   };

export type UnpublishMutationVariables = Exact<{
  mappingId: string | number;
}>;


export type UnpublishMutation = { readonly change:
    | { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string }
    | { readonly __typename: 'MappingChanged', readonly mapping: { readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly p50Ms: number, readonly p95Ms: number } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runningJob: { readonly jobId: string } | null } | null, readonly lastRequest: { readonly requestId: string, readonly status: IngestionStatus, readonly firstObservedAt: string } | null } }
   };

export type ScheduleMutationVariables = Exact<{
  mappingId: string | number;
}>;


export type ScheduleMutation = { readonly change:
    | { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string }
    | { readonly __typename: 'MappingChanged', readonly mapping: { readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly p50Ms: number, readonly p95Ms: number } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runningJob: { readonly jobId: string } | null } | null, readonly lastRequest: { readonly requestId: string, readonly status: IngestionStatus, readonly firstObservedAt: string } | null } }
   };

export type StopMutationVariables = Exact<{
  mappingId: string | number;
}>;


export type StopMutation = { readonly change:
    | { readonly __typename: 'MappingChangeRefused', readonly reason: MappingRefusal, readonly message: string }
    | { readonly __typename: 'MappingChanged', readonly mapping: { readonly mappingId: string, readonly label: string | null, readonly usualDuration: { readonly p50Ms: number, readonly p95Ms: number } | null, readonly administration: { readonly publication: MappingPublication, readonly execution: MappingExecution, readonly nextRunAt: string | null, readonly runningJob: { readonly jobId: string } | null } | null, readonly lastRequest: { readonly requestId: string, readonly status: IngestionStatus, readonly firstObservedAt: string } | null } }
   };

export type CancelMutationVariables = Exact<{
  jobId: string | number;
}>;


export type CancelMutation = { readonly change:
    | { readonly __typename: 'JobCancelled', readonly job: { readonly jobId: string, readonly status: JobStatus, readonly startedAt: string, readonly endedAt: string | null, readonly batchId: string | null, readonly numRecords: number, readonly numRejected: number, readonly reason: string | null, readonly mapping: { readonly mappingId: string }, readonly request: { readonly requestId: string } | null } }
    | { readonly __typename: 'JobChangeRefused', readonly reason: JobRefusal, readonly message: string }
   };

export type EndWatchMutationVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
}>;


export type EndWatchMutation = { readonly endWatch: { readonly wasWatched: boolean, readonly request: { readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly attempt: number, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedBy: string | null, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly durationMs: number, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } } };

export type WatchSubscriptionVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
}>;


export type WatchSubscription = { readonly transition: { readonly cursor: string, readonly from: IngestionStatus | null, readonly to: IngestionStatus, readonly observedAt: string, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null, readonly request: { readonly mappingId: string, readonly requestId: string, readonly attempt: number, readonly durationMs: number, readonly firstObservedAt: string, readonly retryOf: { readonly requestId: string } | null } } };

export type ActivitySubscriptionVariables = Exact<{
  filter?: IngestionActivityFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type ActivitySubscription = { readonly transition: { readonly cursor: string, readonly from: IngestionStatus | null, readonly to: IngestionStatus, readonly observedAt: string, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null, readonly request: { readonly mappingId: string, readonly requestId: string, readonly attempt: number, readonly durationMs: number, readonly firstObservedAt: string, readonly retryOf: { readonly requestId: string } | null } } };

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
export const ShownRequestFragmentDoc = new TypedDocumentString(`
    fragment ShownRequest on IngestionRequest {
  mappingId
  requestId
  status
  attempt
  numRecords
  batchId
  info
  failure {
    code
    message
    isRetryable
  }
  startedBy
  startedAt
  firstObservedAt
  lastObservedAt
  finishedAt
  durationMs
}
    `, {"fragmentName":"ShownRequest"}) as unknown as TypedDocumentString<ShownRequestFragment, unknown>;
export const ShownTransitionFragmentDoc = new TypedDocumentString(`
    fragment ShownTransition on IngestionTransition {
  from
  to
  observedAt
  numRecords
  batchId
  info
  failure {
    code
    message
    isRetryable
  }
  request {
    mappingId
    requestId
    attempt
    durationMs
    firstObservedAt
    retryOf {
      requestId
    }
  }
}
    `, {"fragmentName":"ShownTransition"}) as unknown as TypedDocumentString<ShownTransitionFragment, unknown>;
export const MappingFragmentDoc = new TypedDocumentString(`
    fragment Mapping on Mapping {
  mappingId
  label
  usualDuration {
    p50Ms
    p95Ms
  }
  administration {
    publication
    execution
    nextRunAt
    runningJob {
      jobId
    }
  }
  lastRequest {
    requestId
    status
    firstObservedAt
  }
}
    `, {"fragmentName":"Mapping"}) as unknown as TypedDocumentString<MappingFragment, unknown>;
export const MappingChangeFragmentDoc = new TypedDocumentString(`
    fragment MappingChange on MappingChange {
  __typename
  ... on MappingChangeRefused {
    reason
    message
  }
  ... on MappingChanged {
    mapping {
      ...Mapping
    }
  }
}
    fragment Mapping on Mapping {
  mappingId
  label
  usualDuration {
    p50Ms
    p95Ms
  }
  administration {
    publication
    execution
    nextRunAt
    runningJob {
      jobId
    }
  }
  lastRequest {
    requestId
    status
    firstObservedAt
  }
}`, {"fragmentName":"MappingChange"}) as unknown as TypedDocumentString<MappingChangeFragment, unknown>;
export const JobFragmentDoc = new TypedDocumentString(`
    fragment Job on Job {
  jobId
  status
  startedAt
  endedAt
  batchId
  numRecords
  numRejected
  reason
  mapping {
    mappingId
  }
  request {
    requestId
  }
}
    `, {"fragmentName":"Job"}) as unknown as TypedDocumentString<JobFragment, unknown>;
export const StatusDocument = new TypedDocumentString(`
    query Status($mappingId: ID!, $requestId: ID!) {
  ingestionStatus(mappingId: $mappingId, requestId: $requestId) {
    ...ShownRequest
    watch {
      lastPolledAt
      nextPollAt
      consecutiveFailures
      endedBecause
      lastFailure {
        at
        code
        message
      }
    }
    retryOf {
      requestId
    }
    retriedBy {
      requestId
    }
  }
}
    fragment ShownRequest on IngestionRequest {
  mappingId
  requestId
  status
  attempt
  numRecords
  batchId
  info
  failure {
    code
    message
    isRetryable
  }
  startedBy
  startedAt
  firstObservedAt
  lastObservedAt
  finishedAt
  durationMs
}`) as unknown as TypedDocumentString<StatusQuery, StatusQueryVariables>;
export const BatchDocument = new TypedDocumentString(`
    query Batch($mappingId: ID!, $requestId: ID!) {
  ingestionStatus(mappingId: $mappingId, requestId: $requestId) {
    batch {
      status
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
    `) as unknown as TypedDocumentString<BatchQuery, BatchQueryVariables>;
export const RequestsDocument = new TypedDocumentString(`
    query Requests($filter: IngestionRequestFilter, $first: Int!, $after: Cursor) {
  page: ingestionRequests(filter: $filter, first: $first, after: $after) {
    nodes {
      ...ShownRequest
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment ShownRequest on IngestionRequest {
  mappingId
  requestId
  status
  attempt
  numRecords
  batchId
  info
  failure {
    code
    message
    isRetryable
  }
  startedBy
  startedAt
  firstObservedAt
  lastObservedAt
  finishedAt
  durationMs
}`) as unknown as TypedDocumentString<RequestsQuery, RequestsQueryVariables>;
export const MappingsDocument = new TypedDocumentString(`
    query Mappings($first: Int!, $after: Cursor) {
  page: mappings(first: $first, after: $after) {
    nodes {
      ...Mapping
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment Mapping on Mapping {
  mappingId
  label
  usualDuration {
    p50Ms
    p95Ms
  }
  administration {
    publication
    execution
    nextRunAt
    runningJob {
      jobId
    }
  }
  lastRequest {
    requestId
    status
    firstObservedAt
  }
}`) as unknown as TypedDocumentString<MappingsQuery, MappingsQueryVariables>;
export const JobsDocument = new TypedDocumentString(`
    query Jobs($filter: JobFilter, $first: Int!, $after: Cursor) {
  page: jobs(filter: $filter, first: $first, after: $after) {
    nodes {
      ...Job
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment Job on Job {
  jobId
  status
  startedAt
  endedAt
  batchId
  numRecords
  numRejected
  reason
  mapping {
    mappingId
  }
  request {
    requestId
  }
}`) as unknown as TypedDocumentString<JobsQuery, JobsQueryVariables>;
export const UsualDurationDocument = new TypedDocumentString(`
    query UsualDuration($mappingId: ID!) {
  mapping(mappingId: $mappingId) {
    usualDuration {
      p50Ms
      p95Ms
    }
  }
}
    `) as unknown as TypedDocumentString<UsualDurationQuery, UsualDurationQueryVariables>;
export const LineageDocument = new TypedDocumentString(`
    query Lineage($mappingId: ID!, $requestId: ID!) {
  ingestionStatus(
    mappingId: $mappingId
    requestId: $requestId
    maxAgeMs: 2147483647
  ) {
    retriedBy {
      requestId
    }
  }
}
    `) as unknown as TypedDocumentString<LineageQuery, LineageQueryVariables>;
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
export const FieldsDocument = new TypedDocumentString(`
    query Fields {
  query: __type(name: "Query") {
    fields {
      name
    }
  }
  mutation: __type(name: "Mutation") {
    fields {
      name
    }
  }
}
    `) as unknown as TypedDocumentString<FieldsQuery, FieldsQueryVariables>;
export const PublishDocument = new TypedDocumentString(`
    mutation Publish($input: PublishMappingInput!) {
  change: publishMapping(input: $input) {
    ...MappingChange
  }
}
    fragment Mapping on Mapping {
  mappingId
  label
  usualDuration {
    p50Ms
    p95Ms
  }
  administration {
    publication
    execution
    nextRunAt
    runningJob {
      jobId
    }
  }
  lastRequest {
    requestId
    status
    firstObservedAt
  }
}
fragment MappingChange on MappingChange {
  __typename
  ... on MappingChangeRefused {
    reason
    message
  }
  ... on MappingChanged {
    mapping {
      ...Mapping
    }
  }
}`) as unknown as TypedDocumentString<PublishMutation, PublishMutationVariables>;
export const UnpublishDocument = new TypedDocumentString(`
    mutation Unpublish($mappingId: ID!) {
  change: unpublishMapping(mappingId: $mappingId) {
    ...MappingChange
  }
}
    fragment Mapping on Mapping {
  mappingId
  label
  usualDuration {
    p50Ms
    p95Ms
  }
  administration {
    publication
    execution
    nextRunAt
    runningJob {
      jobId
    }
  }
  lastRequest {
    requestId
    status
    firstObservedAt
  }
}
fragment MappingChange on MappingChange {
  __typename
  ... on MappingChangeRefused {
    reason
    message
  }
  ... on MappingChanged {
    mapping {
      ...Mapping
    }
  }
}`) as unknown as TypedDocumentString<UnpublishMutation, UnpublishMutationVariables>;
export const ScheduleDocument = new TypedDocumentString(`
    mutation Schedule($mappingId: ID!) {
  change: startMapping(mappingId: $mappingId) {
    ...MappingChange
  }
}
    fragment Mapping on Mapping {
  mappingId
  label
  usualDuration {
    p50Ms
    p95Ms
  }
  administration {
    publication
    execution
    nextRunAt
    runningJob {
      jobId
    }
  }
  lastRequest {
    requestId
    status
    firstObservedAt
  }
}
fragment MappingChange on MappingChange {
  __typename
  ... on MappingChangeRefused {
    reason
    message
  }
  ... on MappingChanged {
    mapping {
      ...Mapping
    }
  }
}`) as unknown as TypedDocumentString<ScheduleMutation, ScheduleMutationVariables>;
export const StopDocument = new TypedDocumentString(`
    mutation Stop($mappingId: ID!) {
  change: stopMapping(mappingId: $mappingId) {
    ...MappingChange
  }
}
    fragment Mapping on Mapping {
  mappingId
  label
  usualDuration {
    p50Ms
    p95Ms
  }
  administration {
    publication
    execution
    nextRunAt
    runningJob {
      jobId
    }
  }
  lastRequest {
    requestId
    status
    firstObservedAt
  }
}
fragment MappingChange on MappingChange {
  __typename
  ... on MappingChangeRefused {
    reason
    message
  }
  ... on MappingChanged {
    mapping {
      ...Mapping
    }
  }
}`) as unknown as TypedDocumentString<StopMutation, StopMutationVariables>;
export const CancelDocument = new TypedDocumentString(`
    mutation Cancel($jobId: ID!) {
  change: cancelJob(jobId: $jobId) {
    __typename
    ... on JobChangeRefused {
      reason
      message
    }
    ... on JobCancelled {
      job {
        ...Job
      }
    }
  }
}
    fragment Job on Job {
  jobId
  status
  startedAt
  endedAt
  batchId
  numRecords
  numRejected
  reason
  mapping {
    mappingId
  }
  request {
    requestId
  }
}`) as unknown as TypedDocumentString<CancelMutation, CancelMutationVariables>;
export const EndWatchDocument = new TypedDocumentString(`
    mutation EndWatch($mappingId: ID!, $requestId: ID!) {
  endWatch(mappingId: $mappingId, requestId: $requestId) {
    wasWatched
    request {
      ...ShownRequest
    }
  }
}
    fragment ShownRequest on IngestionRequest {
  mappingId
  requestId
  status
  attempt
  numRecords
  batchId
  info
  failure {
    code
    message
    isRetryable
  }
  startedBy
  startedAt
  firstObservedAt
  lastObservedAt
  finishedAt
  durationMs
}`) as unknown as TypedDocumentString<EndWatchMutation, EndWatchMutationVariables>;
export const WatchDocument = new TypedDocumentString(`
    subscription Watch($mappingId: ID!, $requestId: ID!) {
  transition: ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId) {
    cursor
    ...ShownTransition
  }
}
    fragment ShownTransition on IngestionTransition {
  from
  to
  observedAt
  numRecords
  batchId
  info
  failure {
    code
    message
    isRetryable
  }
  request {
    mappingId
    requestId
    attempt
    durationMs
    firstObservedAt
    retryOf {
      requestId
    }
  }
}`) as unknown as TypedDocumentString<WatchSubscription, WatchSubscriptionVariables>;
export const ActivityDocument = new TypedDocumentString(`
    subscription Activity($filter: IngestionActivityFilter, $after: Cursor) {
  transition: ingestionActivity(filter: $filter, after: $after) {
    cursor
    ...ShownTransition
  }
}
    fragment ShownTransition on IngestionTransition {
  from
  to
  observedAt
  numRecords
  batchId
  info
  failure {
    code
    message
    isRetryable
  }
  request {
    mappingId
    requestId
    attempt
    durationMs
    firstObservedAt
    retryOf {
      requestId
    }
  }
}`) as unknown as TypedDocumentString<ActivitySubscription, ActivitySubscriptionVariables>;