import type { IngestionStatus, JobStatus } from '../generated/operations.js';

const WORDS: Readonly<Record<IngestionStatus | JobStatus, string>> = {
  IN_PROGRESS: 'In progress',
  SUCCESS: 'Success',
  FAILED: 'Failed',
  ABORTED: 'Aborted',
  CREATED: 'Created',
  UPLOADED: 'Uploaded',
};

/** The status of an ingestion or a job, in a word and a colour. */
export function Status({ status }: { readonly status: IngestionStatus | JobStatus }) {
  return <span className={`status ${status.toLowerCase()}`}>{WORDS[status]}</span>;
}
