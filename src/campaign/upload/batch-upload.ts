import type { PlatformClient } from './platform-client.js';
import { PlatformError } from './platform-error.js';

/** What UTF-8 makes of a UTF-16 unit at most. */
const MOST_BYTES_PER_UNIT = 3;

/** Platform takes no more files than this in a batch. */
const MOST_FILES = 1_500;

/**
 * Files double in size after so many of them, three times: so small runs take little memory, and 1,500 files
 * hold 28 GB where the first ones have 4 MB. Platform takes 20 GB an hour.
 */
const FILES_OF_A_SIZE = 300;
const MOST_DOUBLINGS = 3;

/** The batch of one run: lines are gathered into files, and each is uploaded as soon as it is full. */
export interface BatchUpload {
  /** Null until a first file was full. */
  readonly batchId: string | null;
  /** The records that were appended. */
  readonly records: number;
  /**
   * Add lines of NDJSON. Resolves when more may come: while one file is uploaded the next is filled.
   *
   * @throws {PlatformError} a file could not be uploaded
   */
  append(lines: readonly string[]): Promise<void>;
  /**
   * Upload what is left.
   *
   * @returns the batch, all of its files uploaded; null where there is nothing to complete
   * @throws {PlatformError}
   */
  finish(): Promise<string | null>;
  /**
   * Cut off what is being uploaded, and wait until it is. Never throws.
   *
   * @returns the batch, for Platform to abort; null where there is none
   */
  abandon(): Promise<string | null>;
}

/** What an upload works with. */
export interface BatchUploadParts {
  readonly platform: PlatformClient;
  readonly datasetId: string;
  /** The most that each of the first files has, in bytes; the last ones have eight times as much. */
  readonly fileBytes: number;
  /** What Platform may leave out of the batch, in percent, by how many records it has so far. */
  readonly partialIngestionPercent: (records: number) => number;
  /** Called once, before anything is uploaded. */
  readonly onBatchCreated: (batchId: string) => Promise<void> | void;
  readonly signal: AbortSignal;
}

/** Begin an upload; the batch is made with its first file. */
export function createBatchUpload(parts: BatchUploadParts): BatchUpload {
  const { platform, datasetId, fileBytes, partialIngestionPercent, onBatchCreated } = parts;
  const abandoned = new AbortController();
  const signal = AbortSignal.any([parts.signal, abandoned.signal]);
  // Two buffers in turn, whatever the run's size: one is filled while the other is uploaded.
  let filling: Buffer = Buffer.allocUnsafeSlow(fileBytes);
  let spare: Buffer | null = null;
  let used = 0;
  let records = 0;
  let files = 0;
  let batchId: string | null = null;
  let uploading: Promise<void> = Promise.resolve();

  async function seal(): Promise<void> {
    if (used === 0) return;
    await uploading;
    if (files === MOST_FILES) {
      throw new PlatformError(
        `a batch has at most ${MOST_FILES} files, and this needs more`,
        false,
      );
    }
    files += 1;
    const content = filling.subarray(0, used);
    const filled = filling;
    const name = `part-${String(files).padStart(5, '0')}.json`;
    filling =
      spare !== null && spare.length >= fileSize() ? spare : Buffer.allocUnsafeSlow(fileSize());
    spare = filled;
    used = 0;
    uploading = upload(name, content);
    // Whoever comes next is told; until then it is no unhandled rejection.
    uploading.catch(() => {});
  }

  function fileSize(): number {
    return fileBytes * 2 ** Math.min(Math.floor(files / FILES_OF_A_SIZE), MOST_DOUBLINGS);
  }

  async function upload(name: string, content: Buffer): Promise<void> {
    if (batchId === null) {
      batchId = await platform.createBatch(
        { datasetId, partialIngestionPercent: partialIngestionPercent(records) },
        signal,
      );
      await onBatchCreated(batchId);
    }
    await platform.uploadFile({ batchId, datasetId, name, content }, signal);
  }

  async function append(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      // Most lines fit whatever their characters are, and need not be counted twice.
      if (line.length * MOST_BYTES_PER_UNIT > filling.length - used) await makeRoom(line);
      used += filling.write(line, used);
      records += 1;
    }
  }

  async function makeRoom(line: string): Promise<void> {
    const bytes = Buffer.byteLength(line);
    if (bytes > filling.length - used) await seal();
    if (bytes > filling.length) {
      throw new PlatformError(`a record of ${bytes} bytes is larger than a file may be`, false);
    }
  }

  return {
    get batchId() {
      return batchId;
    },
    get records() {
      return records;
    },
    append,
    async finish() {
      await seal();
      await uploading;
      return batchId;
    },
    async abandon() {
      abandoned.abort();
      await uploading.catch(() => {});
      return batchId;
    },
  };
}
