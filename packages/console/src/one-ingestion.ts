import type { OneIngestionQuery } from './generated/operations.js';

/** An ingestion with all that its page shows. */
export type OneIngestion = NonNullable<OneIngestionQuery['ingestionStatus']>;
