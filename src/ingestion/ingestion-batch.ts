/** What is wrong with records of a batch. */
export interface IngestionBatchError {
  /** Platform's, such as `INGEST-1555-400`. */
  readonly code: string;
  readonly description: string;
  /** How many records it is about; null where Platform does not say. */
  readonly numRecords: number | null;
}

/** A batch as Adobe Experience Platform knows it. A count is null as long as Platform does not say. */
export interface IngestionBatch {
  readonly batchId: string;
  /** In Platform's words, such as `processing`, `success` or `failed`. */
  readonly status: string;
  readonly numRecords: number | null;
  readonly numIngested: number | null;
  readonly numFailed: number | null;
  readonly errors: readonly IngestionBatchError[];
}
