/** What is wrong with the records of a batch. */
export interface IngestionBatchError {
  /** Platform's code, such as `INGEST-1555-400`. */
  readonly code: string;
  readonly description: string;
  /** How many records have this problem; null if Platform does not say. */
  readonly numRecords: number | null;
}

/** A batch as Adobe Experience Platform knows it. A count is null until Platform reports it. */
export interface IngestionBatch {
  readonly batchId: string;
  /** In Platform's words, such as `processing`, `success` or `failed`. */
  readonly status: string;
  readonly numRecords: number | null;
  readonly numIngested: number | null;
  readonly numFailed: number | null;
  readonly errors: readonly IngestionBatchError[];
}
