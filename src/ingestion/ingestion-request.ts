/** The four statuses of an ingestion request, in the gateway's words. */
export const ingestionStatuses = ['IN_PROGRESS', 'SUCCESS', 'FAILED', 'ABORTED'] as const;
/** One of {@link ingestionStatuses}. */
export type IngestionStatus = (typeof ingestionStatuses)[number];

/** Identifies a request upstream. Request ids are only unique together with their mapping. */
export interface RequestRef {
  readonly mappingId: string;
  /** The upstream's own id, with all its digits; never a number. */
  readonly requestId: string;
}

/**
 * What the upstream reported about a request. Each status has its own data.
 *
 * `info` is the upstream's text, verbatim. `batchId` is null if the upstream names none. `numRecords` exists only on
 * success: otherwise the upstream says 0 whatever was ingested. It is null if the upstream reported no count that can
 * be read.
 */
export type ReportedState =
  | { readonly status: 'IN_PROGRESS'; readonly info: string; readonly batchId: string | null }
  | {
      readonly status: 'SUCCESS';
      readonly info: string;
      readonly batchId: string | null;
      readonly numRecords: number | null;
    }
  | { readonly status: 'FAILED'; readonly info: string; readonly batchId: string | null }
  | { readonly status: 'ABORTED'; readonly info: string; readonly batchId: string | null };

/** What the log knows about one request. Instants are in ms since the epoch, by the gateway's clock. */
export interface IngestionRecord {
  readonly ref: RequestRef;
  readonly state: ReportedState;
  /** When it was started through this gateway; null if somebody else started it. */
  readonly startedAt: number | null;
  readonly firstObservedAt: number;
  /** When `state` was first observed. */
  readonly changedAt: number;
  /** The position of its first transition. A request that was first observed later has a higher one. */
  readonly firstPosition: number;
}

/** The statuses in which a request can no longer change. */
export const terminalStatuses = ingestionStatuses.filter(isTerminal);

/** Whether a request in this status can no longer change. */
export function isTerminal(status: IngestionStatus): boolean {
  return status !== 'IN_PROGRESS';
}

/** One string per request, for use as a map key. Different refs give different strings. */
export function toRequestKey({ mappingId, requestId }: RequestRef): string {
  return JSON.stringify([mappingId, requestId]);
}
