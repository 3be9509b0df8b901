/** The two ways in which a run fails, by the codes that the protocol has for them. */
export type FailureCode = 'ACP-880056' | 'ACP-880096';

/** How a request ended. */
export type RequestEnd =
  | { readonly phase: 'succeeded'; readonly numRecords: number }
  | {
      readonly phase: 'failed';
      readonly code: FailureCode;
      /** The batch that records were uploaded under before the failure. */
      readonly batchId: string | null;
    }
  | { readonly phase: 'aborted' };

/**
 * Where a request stands.
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

/** What asking for an ingestion comes to. */
export type StartOutcome =
  | { readonly kind: 'submitted' | 'alreadyInProgress'; readonly requestId: number }
  | { readonly kind: 'notStopped' | 'notPublished' };
