import type { BatchError, BatchMetrics } from './batch.js';
import { ISSUE_CODES, type IssueCounts, type RecordIssueKind } from './record-issue.js';

const KINDS: readonly RecordIssueKind[] = ['corrupt', 'required', 'conversion', 'constraint'];

const EMPTY: BatchError = {
  code: '106',
  description: 'Dataset file is empty. Please upload file with data.',
  rows: [],
};

const WITHOUT_DETAILS: BatchError = {
  code: 'INGEST-1211-400',
  description:
    'Encountered errors while parsing, converting or otherwise validating the data. Please resend the data with error diagnostics enabled to collect additional information on failure types',
};

/**
 * Describe what is wrong with a batch in Platform's words.
 *
 * @param unreadable - the file that could not be read to its end, and why
 * @param isDetailed - the batch has error diagnostics
 */
export function toBatchErrors(
  { inputRecordCount, outputRecordCount, failedRecordCount }: BatchMetrics,
  counts: IssueCounts,
  { unreadable, isDetailed }: { readonly unreadable: string | null; readonly isDetailed: boolean },
): BatchError[] {
  if (unreadable !== null) return [toError('corrupt', { description: `File ${unreadable}` })];
  if (inputRecordCount === 0) return [EMPTY];
  if (failedRecordCount === 0) return [];
  if (!isDetailed) return [WITHOUT_DETAILS];
  const summary = `Encountered ${failedRecordCount} errors in the data. Successfully ingested ${outputRecordCount} rows. Please review the associated diagnostic files for more details.`;
  const details = KINDS.filter((kind) => counts[kind] > 0).map((kind) =>
    toError(kind, { recordCount: counts[kind] }),
  );
  return [{ code: 'INGEST-1212-400', description: summary }, ...details];
}

function toError(kind: RecordIssueKind, more: Partial<BatchError>): BatchError {
  const { code, description } = ISSUE_CODES[kind];
  return { code: `INGEST-${code}-400`, description, ...more };
}
