/** The two ways in which a run fails, by the protocol's codes. */
export type FailureCode = 'ACP-880056' | 'ACP-880096';

/** How a request ended. */
export type RequestEnd =
  | { readonly phase: 'succeeded'; readonly numRecords: number }
  | {
      readonly phase: 'failed';
      readonly code: FailureCode;
      /** The batch to which records were uploaded before the failure. */
      readonly batchId: string | null;
    }
  | { readonly phase: 'aborted' };

/**
 * The state of a request.
 *
 *     running ──▶ succeeded | failed | aborted      (no way out of these three)
 */
export type RequestState = { readonly phase: 'running' } | RequestEnd;

/** A request to ingest a mapping. Its id is a positive integer; later requests have higher ones. */
export interface IngestionRequest {
  readonly requestId: number;
  readonly mappingId: string;
  readonly state: RequestState;
}

/** The outcome of asking for an ingestion. */
export type StartOutcome =
  | { readonly kind: 'submitted' | 'alreadyInProgress'; readonly requestId: number }
  | { readonly kind: 'notStopped' | 'notPublished' };
