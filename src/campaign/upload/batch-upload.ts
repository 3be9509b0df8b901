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

/** So many files are uploaded at once, fewer where they are large: they are in memory, and one more is being filled. */
const MOST_IN_FLIGHT = 3;

/** The batch of one run: lines are gathered into files, and each is uploaded as soon as it is full. */
export interface BatchUpload {
  /** Null until a first file was full. */
  readonly batchId: string | null;
  /** The records that were appended. */
  readonly records: number;
  /**
   * Add lines of NDJSON. Resolves when more may come: while some files are uploaded the next is filled.
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
  let filling: Buffer = Buffer.allocUnsafeSlow(fileBytes);
  /** Those whose files are on Platform. */
  const spare: Buffer[] = [];
  let used = 0;
  let records = 0;
  let files = 0;
  let batchId: string | null = null;
  let created: Promise<string> | null = null;
  const uploading = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | null = null;

  async function seal(): Promise<void> {
    if (used === 0) return;
    await whenFewerThan(mostInFlight());
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
    const sent = upload(name, content)
      .then(
        () => void spare.push(filled),
        (error: unknown) => {
          failure ??= { error };
        },
      )
      .finally(() => uploading.delete(sent));
    uploading.add(sent);
    filling = emptyBuffer();
    used = 0;
  }

  /** @throws what an upload has failed with */
  async function whenFewerThan(most: number): Promise<void> {
    while (failure === null && uploading.size >= most) await Promise.race(uploading);
    if (failure !== null) throw failure.error;
  }

  function emptyBuffer(): Buffer {
    const size = fileSize();
    for (let buffer = spare.pop(); buffer !== undefined; buffer = spare.pop()) {
      if (buffer.length >= size) return buffer;
    }
    return Buffer.allocUnsafeSlow(size);
  }

  function mostInFlight(): number {
    return Math.min(MOST_IN_FLIGHT, (fileBytes * 2 ** MOST_DOUBLINGS) / fileSize());
  }

  function fileSize(): number {
    return fileBytes * 2 ** Math.min(Math.floor(files / FILES_OF_A_SIZE), MOST_DOUBLINGS);
  }

  async function create(): Promise<string> {
    const percent = partialIngestionPercent(records);
    batchId = await platform.createBatch({ datasetId, partialIngestionPercent: percent }, signal);
    await onBatchCreated(batchId);
    return batchId;
  }

  async function upload(name: string, content: Buffer): Promise<void> {
    created ??= create();
    await platform.uploadFile({ batchId: await created, datasetId, name, content }, signal);
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
      await whenFewerThan(1);
      return batchId;
    },
    async abandon() {
      abandoned.abort();
      await Promise.all(uploading);
      return batchId;
    },
  };
}
