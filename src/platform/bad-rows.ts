import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toJsonText } from './json-text.js';
import { ISSUE_CODES, type RecordIssue, type RecordIssueKind } from './record-issue.js';
import type { Row } from './record-reader.js';

/** Text is buffered up to about this many characters before it is written. */
const WRITE_SIZE = 256 * 1024;

/** The file for each kind's diagnostics. */
const DIAGNOSTICS: { readonly [Kind in RecordIssueKind]: string } = {
  corrupt: 'parsing_errors_0.json',
  required: 'validation_errors_0.json',
  conversion: 'conversion_errors_0.json',
  constraint: 'validation_errors_0.json',
};

/** Stores the bad rows of a batch, each with what is wrong with it. */
export interface BadRows {
  /** @param issues - at least one */
  add(row: Row, issues: readonly [RecordIssue, ...RecordIssue[]]): Promise<void>;
  /** Flush them to the disk. */
  close(): Promise<void>;
}

/** Store bad rows in the form of a batch's error diagnostics: a file for each kind. */
export async function createDiagnostics(dir: string): Promise<BadRows> {
  const files = await createRowFiles(dir);
  return {
    add(row, issues) {
      const name = DIAGNOSTICS[issues[0].kind];
      const errors = issues.map(({ kind, message, pointer }) => ({
        code: ISSUE_CODES[kind].code,
        message: kind === 'corrupt' ? message : `${pointer}: ${message}`,
      }));
      return files.append(name, { ...toContent(row), _errors: errors, _filename: name });
    },
    close: files.close,
  };
}

/** Store bad rows in the form of a failed batch. */
export async function createFailedRows(dir: string): Promise<BadRows> {
  const files = await createRowFiles(dir);
  return {
    add(row, issues) {
      const errors = issues.map(({ keyword, message, pointer, schemaLocation }) => ({
        causingExceptions: [],
        keyword,
        message,
        pointerToViolation: pointer,
        schemaLocation,
      }));
      return files.append('part-00000.json', { ...toContent(row), _validationErrors: errors });
    },
    close: files.close,
  };
}

function toContent(row: Row): object {
  return row.kind === 'corrupt' ? { _corrupt_record: row.text } : row.record;
}

/** NDJSON files in a folder that is emptied first, each created with its first line. */
async function createRowFiles(dir: string) {
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const gathered = new Map<string, string>();

  async function flush(name: string): Promise<void> {
    await using file = await open(join(dir, name), 'a');
    await file.writeFile(gathered.get(name) ?? '');
    await file.sync();
    gathered.set(name, '');
  }

  return {
    async append(name: string, content: object): Promise<void> {
      const text = `${gathered.get(name) ?? ''}${toJsonText(content)}\n`;
      gathered.set(name, text);
      if (text.length >= WRITE_SIZE) await flush(name);
    },

    async close(): Promise<void> {
      for (const name of gathered.keys()) await flush(name);
    },
  };
}
