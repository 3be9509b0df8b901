import type { OneIngestionQuery } from './generated/operations.js';

/** An ingestion with everything that its page shows. */
export type OneIngestion = NonNullable<OneIngestionQuery['ingestionStatus']>;
