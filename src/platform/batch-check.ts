import { type BadRows, createDiagnostics, createFailedRows } from './bad-rows.js';
import type { Batch, BatchError, BatchMetrics } from './batch.js';
import { toBatchErrors } from './batch-errors.js';
import type { BatchFolder } from './batch-folder.js';
import type { CleanFiles } from './clean-files.js';
import type { RecordCheck } from './record-check.js';
import type { RecordIssue } from './record-issue.js';
import { type Row, readRows, UnreadableFileError } from './record-reader.js';

/** The result of checking a batch. */
export interface BatchVerdict {
  readonly status: 'success' | 'failed';
  readonly metrics: BatchMetrics;
  readonly errors: readonly BatchError[];
}

/** What a check needs. */
export interface BatchCheckOptions {
  readonly check: RecordCheck;
  /** Files that need not be read again. */
  readonly cleanFiles: CleanFiles;
  /** Ends the check between two groups of records. */
  readonly signal: AbortSignal;
}

/**
 * Check every record of a batch, a few at a time, and record the bad ones.
 *
 * Safe to repeat: the output of an earlier check is dropped.
 *
 * @throws the file system's error
 */
export async function checkBatch(
  batch: Batch,
  folder: BatchFolder,
  { check, cleanFiles, signal }: BatchCheckOptions,
): Promise<BatchVerdict> {
  const files = await folder.files();
  const keepers: BadRows[] = [await createFailedRows(folder.failed)];
  if (batch.hasErrorDiagnostics) keepers.push(await createDiagnostics(folder.rowErrors));

  const counts = { corrupt: 0, required: 0, conversion: 0, constraint: 0 };
  let records = 0;
  let unreadable: string | null = null;

  async function keep(row: Row, issues: readonly [RecordIssue, ...RecordIssue[]]): Promise<void> {
    counts[issues[0].kind] += 1;
    for (const keeper of keepers) await keeper.add(row, issues);
  }

  for (const file of files) {
    const known = cleanFiles.recordsOf(file);
    if (known !== undefined) {
      records += known;
      continue;
    }
    try {
      for await (const rows of readRows(file.location, batch.isMultiLineJson)) {
        signal.throwIfAborted();
        records += rows.length;
        for (const row of rows) {
          const [first, ...more] = issuesOf(row, check);
          if (first !== undefined) await keep(row, [first, ...more]);
        }
      }
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error;
      unreadable = `${file.path}: ${error.message}`;
      break;
    }
  }
  for (const keeper of keepers) await keeper.close();

  const failedRecordCount = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const isTolerable = failedRecordCount * 100 <= records * batch.partialIngestionPercent;
  const isSuccess = records > 0 && unreadable === null && isTolerable;
  const metrics = {
    inputByteSize: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    inputFileCount: files.length,
    inputRecordCount: records,
    outputRecordCount: isSuccess ? records - failedRecordCount : 0,
    failedRecordCount,
  };
  return {
    status: isSuccess ? 'success' : 'failed',
    metrics,
    errors: toBatchErrors(metrics, counts, { unreadable, isDetailed: batch.hasErrorDiagnostics }),
  };
}

/**
 * Count the records of a file without issues.
 *
 * @returns null as soon as there is an issue
 * @throws the file system's error
 */
export async function countClean(
  location: string,
  { isMultiLineJson }: Batch,
  check: RecordCheck,
): Promise<number | null> {
  let records = 0;
  try {
    for await (const rows of readRows(location, isMultiLineJson)) {
      if (rows.some((row) => issuesOf(row, check).length > 0)) return null;
      records += rows.length;
    }
  } catch (error) {
    if (error instanceof UnreadableFileError) return null;
    throw error;
  }
  return records;
}

function issuesOf(row: Row, check: RecordCheck): readonly RecordIssue[] {
  return row.kind === 'corrupt' ? [CORRUPT] : check(row.record);
}

const CORRUPT: RecordIssue = {
  kind: 'corrupt',
  keyword: 'json',
  message: 'Row is corrupted and cannot be read, please fix and resend.',
  pointer: '#',
  schemaLocation: '#',
};
