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

/** Which mapping to ingest, and how. */
export type StartIngestionInput = {
  /** A name for this start, 1 to 255 characters. Repeating a key (per caller, kept 24 h) returns the first call’s outcome again and starts nothing; with another input it is `BAD_USER_INPUT`. A first call that certainly started nothing (`outcomeUnknown: false`) leaves its key free. If the first call’s outcome is unknown, a repeat checks what this gateway has seen of the mapping since: it returns the request if that settles it, and otherwise another `StartIngestionError` with `outcomeUnknown: true`. */
  readonly idempotencyKey?: string | null | undefined;
  /** The XDM mapping’s id, 1 to 255 characters. */
  readonly mappingId: string | number;
  /** How many times a new request may be submitted when one is ABORTED, each after a pause. 0 to 5. Follow it with `retriedBy`. */
  readonly retryOnAbort?: number | null | undefined;
};

export type SluiceFailureFragment = { readonly code: string | null, readonly message: string, readonly isRetryable: boolean };

export type SluiceRequestFragment = { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null };

export type SluiceTransitionFragment = { readonly cursor: string, readonly from: IngestionStatus | null, readonly to: IngestionStatus, readonly observedAt: string, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null, readonly request: { readonly id: string, readonly mappingId: string, readonly requestId: string } };

export type StartIngestionMutationVariables = Exact<{
  input: StartIngestionInput;
}>;


export type StartIngestionMutation = { readonly startIngestion:
    | { readonly __typename: 'IngestionAlreadyInProgress', readonly message: string, readonly request: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } }
    | { readonly __typename: 'IngestionRefused', readonly mappingId: string, readonly message: string }
    | { readonly __typename: 'IngestionSubmitted', readonly message: string, readonly request: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } }
    | { readonly __typename: 'MappingNotPublished', readonly mappingId: string, readonly message: string }
    | { readonly __typename: 'MappingNotStopped', readonly mappingId: string, readonly message: string }
    | { readonly __typename: 'StartIngestionError', readonly mappingId: string, readonly message: string, readonly code: ErrorCode, readonly outcomeUnknown: boolean, readonly retryAfterMs: number | null }
   | null };

export type IngestionStatusQueryVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
  maxAgeMs?: number | null | undefined;
}>;


export type IngestionStatusQuery = { readonly ingestionStatus: { readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null } | null };

export type IngestionRequestsQueryVariables = Exact<{
  filter?: IngestionRequestFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type IngestionRequestsQuery = { readonly ingestionRequests: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly mappingId: string, readonly requestId: string, readonly status: IngestionStatus, readonly isTerminal: boolean, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly startedAt: string | null, readonly firstObservedAt: string, readonly lastObservedAt: string, readonly finishedAt: string | null, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type IngestionStatusChangedSubscriptionVariables = Exact<{
  mappingId: string | number;
  requestId: string | number;
  after?: string | null | undefined;
}>;


export type IngestionStatusChangedSubscription = { readonly ingestionStatusChanged: { readonly cursor: string, readonly from: IngestionStatus | null, readonly to: IngestionStatus, readonly observedAt: string, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null, readonly request: { readonly id: string, readonly mappingId: string, readonly requestId: string } } };

export type IngestionActivitySubscriptionVariables = Exact<{
  mappingIds?: ReadonlyArray<string | number> | string | number | null | undefined;
  after?: string | null | undefined;
}>;


export type IngestionActivitySubscription = { readonly ingestionActivity: { readonly cursor: string, readonly from: IngestionStatus | null, readonly to: IngestionStatus, readonly observedAt: string, readonly numRecords: number | null, readonly batchId: string | null, readonly info: string, readonly failure: { readonly code: string | null, readonly message: string, readonly isRetryable: boolean } | null, readonly request: { readonly id: string, readonly mappingId: string, readonly requestId: string } } };

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
export const SluiceFailureFragmentDoc = new TypedDocumentString(`
    fragment SluiceFailure on IngestionFailure {
  code
  message
  isRetryable
}
    `, {"fragmentName":"SluiceFailure"}) as unknown as TypedDocumentString<SluiceFailureFragment, unknown>;
export const SluiceRequestFragmentDoc = new TypedDocumentString(`
    fragment SluiceRequest on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  numRecords
  batchId
  info
  failure {
    ...SluiceFailure
  }
  startedAt
  firstObservedAt
  lastObservedAt
  finishedAt
}
    fragment SluiceFailure on IngestionFailure {
  code
  message
  isRetryable
}`, {"fragmentName":"SluiceRequest"}) as unknown as TypedDocumentString<SluiceRequestFragment, unknown>;
export const SluiceTransitionFragmentDoc = new TypedDocumentString(`
    fragment SluiceTransition on IngestionTransition {
  cursor
  from
  to
  observedAt
  numRecords
  batchId
  info
  failure {
    ...SluiceFailure
  }
  request {
    id
    mappingId
    requestId
  }
}
    fragment SluiceFailure on IngestionFailure {
  code
  message
  isRetryable
}`, {"fragmentName":"SluiceTransition"}) as unknown as TypedDocumentString<SluiceTransitionFragment, unknown>;
export const StartIngestionDocument = new TypedDocumentString(`
    mutation StartIngestion($input: StartIngestionInput!) {
  startIngestion(input: $input) {
    __typename
    ... on IngestionSubmitted {
      message
      request {
        ...SluiceRequest
      }
    }
    ... on IngestionAlreadyInProgress {
      message
      request {
        ...SluiceRequest
      }
    }
    ... on StartIngestionFailure {
      mappingId
      message
    }
    ... on StartIngestionError {
      code
      outcomeUnknown
      retryAfterMs
    }
  }
}
    fragment SluiceFailure on IngestionFailure {
  code
  message
  isRetryable
}
fragment SluiceRequest on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  numRecords
  batchId
  info
  failure {
    ...SluiceFailure
  }
  startedAt
  firstObservedAt
  lastObservedAt
  finishedAt
}`) as unknown as TypedDocumentString<StartIngestionMutation, StartIngestionMutationVariables>;
export const IngestionStatusDocument = new TypedDocumentString(`
    query IngestionStatus($mappingId: ID!, $requestId: ID!, $maxAgeMs: Int) {
  ingestionStatus(
    mappingId: $mappingId
    requestId: $requestId
    maxAgeMs: $maxAgeMs
  ) {
    ...SluiceRequest
  }
}
    fragment SluiceFailure on IngestionFailure {
  code
  message
  isRetryable
}
fragment SluiceRequest on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  numRecords
  batchId
  info
  failure {
    ...SluiceFailure
  }
  startedAt
  firstObservedAt
  lastObservedAt
  finishedAt
}`) as unknown as TypedDocumentString<IngestionStatusQuery, IngestionStatusQueryVariables>;
export const IngestionRequestsDocument = new TypedDocumentString(`
    query IngestionRequests($filter: IngestionRequestFilter, $first: Int, $after: Cursor) {
  ingestionRequests(filter: $filter, first: $first, after: $after) {
    nodes {
      ...SluiceRequest
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment SluiceFailure on IngestionFailure {
  code
  message
  isRetryable
}
fragment SluiceRequest on IngestionRequest {
  id
  mappingId
  requestId
  status
  isTerminal
  numRecords
  batchId
  info
  failure {
    ...SluiceFailure
  }
  startedAt
  firstObservedAt
  lastObservedAt
  finishedAt
}`) as unknown as TypedDocumentString<IngestionRequestsQuery, IngestionRequestsQueryVariables>;
export const IngestionStatusChangedDocument = new TypedDocumentString(`
    subscription IngestionStatusChanged($mappingId: ID!, $requestId: ID!, $after: Cursor) {
  ingestionStatusChanged(
    mappingId: $mappingId
    requestId: $requestId
    after: $after
  ) {
    ...SluiceTransition
  }
}
    fragment SluiceFailure on IngestionFailure {
  code
  message
  isRetryable
}
fragment SluiceTransition on IngestionTransition {
  cursor
  from
  to
  observedAt
  numRecords
  batchId
  info
  failure {
    ...SluiceFailure
  }
  request {
    id
    mappingId
    requestId
  }
}`) as unknown as TypedDocumentString<IngestionStatusChangedSubscription, IngestionStatusChangedSubscriptionVariables>;
export const IngestionActivityDocument = new TypedDocumentString(`
    subscription IngestionActivity($mappingIds: [ID!], $after: Cursor) {
  ingestionActivity(mappingIds: $mappingIds, after: $after) {
    ...SluiceTransition
  }
}
    fragment SluiceFailure on IngestionFailure {
  code
  message
  isRetryable
}
fragment SluiceTransition on IngestionTransition {
  cursor
  from
  to
  observedAt
  numRecords
  batchId
  info
  failure {
    ...SluiceFailure
  }
  request {
    id
    mappingId
    requestId
  }
}`) as unknown as TypedDocumentString<IngestionActivitySubscription, IngestionActivitySubscriptionVariables>;