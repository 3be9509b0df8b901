import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { tryParseJson } from '../../adobe/body-json.js';

/** A record that was not sent, and why. */
export interface Reject {
  /** The value of its key column; null if it could not be read. */
  readonly key: unknown;
  /** In its file, from 1; null in a table. */
  readonly line: number | null;
  readonly reason: string;
  /** Its columns by name, or the raw text of a line. */
  readonly record: unknown;
}

/** Nobody else may read it, because rejects are personal data, too. */
const FILE_MODE = 0o600;

const LINE_END = 0x0a;

/** The path of a job's rejects, if it has any. */
export function rejectFilePath(rejectsDir: string, jobId: number): string {
  return join(rejectsDir, `job-${jobId}.ndjson`);
}

/** The rejects of one run, in an NDJSON file. The first reject creates it. */
export type RejectFile = ReturnType<typeof createRejectFile>;

/** Begin the rejects of a run; an existing file is overwritten. */
export function createRejectFile(path: string) {
  let file: FileHandle | null = null;
  return {
    /** @throws the file system's error */
    async append(rejects: readonly Reject[]): Promise<void> {
      if (rejects.length === 0) return;
      if (file === null) {
        await mkdir(dirname(path), { recursive: true });
        file = await open(path, 'w', FILE_MODE);
      }
      await file.appendFile(toLines(rejects));
    },
    async [Symbol.asyncDispose]() {
      await file?.close();
    },
  };
}

/**
 * Add rejects to those of a run that is over. Safe to repeat: what an earlier call added is dropped.
 *
 * @param kept - the number of rejects that the run wrote
 * @throws the file system's error
 */
export async function addRejects(
  path: string,
  kept: number,
  rejects: readonly Reject[],
): Promise<void> {
  if (rejects.length === 0) return;
  await mkdir(dirname(path), { recursive: true });
  await using file = await open(path, 'a', FILE_MODE);
  await truncate(path, await endOfLine(path, kept));
  await file.appendFile(toLines(rejects));
}

/** @returns the end of this many lines, in bytes; the end of the file if it has fewer */
async function endOfLine(path: string, lines: number): Promise<number> {
  let left = lines;
  let bytes = 0;
  if (left === 0) return 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, at + 1)) {
      left -= 1;
      if (left === 0) return bytes + at + 1;
    }
    bytes += chunk.length;
  }
  return bytes;
}

function toLines(rejects: readonly Reject[]): string {
  return rejects.map((reject) => `${toJson(reject)}\n`).join('');
}

function toJson(reject: Reject): string {
  try {
    return JSON.stringify(reject);
  } catch (error) {
    // It is nested thousands deep.
    if (!(error instanceof RangeError)) throw error;
    return JSON.stringify({ ...reject, key: null, record: null });
  }
}

/**
 * Read some of a job's rejects, in their order, without an incomplete last line.
 *
 * @param after - how many to skip at the beginning
 * @returns none if there is no file: the job has none, or they were deleted
 * @throws the file system's error
 */
export async function readRejects(
  path: string,
  after: number,
  limit: number,
): Promise<readonly Reject[]> {
  const rejects: Reject[] = [];
  const file = createReadStream(path);
  try {
    let index = 0;
    for await (const line of createInterface({ input: file, crlfDelay: Infinity })) {
      index += 1;
      if (index <= after) continue;
      const reject = tryParseJson(line) as Reject | undefined;
      if (!reject || rejects.push(reject) === limit) break;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    file.destroy();
  }
  return rejects;
}
