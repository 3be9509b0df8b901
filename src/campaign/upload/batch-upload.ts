import type { PlatformClient } from './platform-client.js';
import { PlatformError } from './platform-error.js';

/** The maximum number of UTF-8 bytes for a UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/** The maximum number of files that Platform accepts in a batch. */
const MAX_FILES = 1_500;

/**
 * After this many files their size doubles, three times. So small runs take little memory, and 1,500 files hold 28 GB
 * if the first ones have 4 MB. Platform accepts 20 GB an hour.
 */
const FILES_OF_A_SIZE = 300;
const MAX_DOUBLINGS = 3;

/** How many files are uploaded at once, fewer if they are large: they are in memory, and one more is being filled. */
const MAX_UPLOADS_IN_FLIGHT = 3;

/** The batch of one run: lines are collected in files, and each is uploaded as soon as it is full. */
export type BatchUpload = ReturnType<typeof createBatchUpload>;

/** Begin an upload; the batch is created with its first file. */
export function createBatchUpload(parts: {
  readonly platform: PlatformClient;
  readonly datasetId: string;
  /** The maximum size of each of the first files, in bytes; the last ones have eight times as much. */
  readonly fileBytes: number;
  /** What Platform may leave out of the batch, in percent, by the number of its records so far. */
  readonly partialIngestionPercent: (records: number) => number;
  /** Called once, before anything is uploaded. */
  readonly onBatchCreated: (batchId: string) => Promise<void> | void;
  readonly signal: AbortSignal;
}) {
  const { platform, datasetId, fileBytes, partialIngestionPercent, onBatchCreated } = parts;
  const abandoned = new AbortController();
  const signal = AbortSignal.any([parts.signal, abandoned.signal]);
  let filling: Buffer = Buffer.allocUnsafeSlow(fileBytes);
  /** Buffers whose files are on Platform. */
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
    if (files === MAX_FILES) {
      throw new PlatformError(`a batch has at most ${MAX_FILES} files, and this needs more`, false);
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

  /** @throws the error of a failed upload */
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
    return Math.min(MAX_UPLOADS_IN_FLIGHT, (fileBytes * 2 ** MAX_DOUBLINGS) / fileSize());
  }

  function fileSize(): number {
    return fileBytes * 2 ** Math.min(Math.floor(files / FILES_OF_A_SIZE), MAX_DOUBLINGS);
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
      if (line.length * MAX_BYTES_PER_UNIT > filling.length - used) await makeRoom(line);
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
    /** The number of appended records. */
    get records() {
      return records;
    },
    /**
     * Add lines of NDJSON. Resolves when more may be added: while some files are uploaded, the next one is filled.
     *
     * @throws {PlatformError} a file could not be uploaded
     */
    append,
    /**
     * Upload the rest.
     *
     * @returns the batch with all files uploaded; null if there is nothing to complete
     * @throws {PlatformError}
     */
    async finish(): Promise<string | null> {
      await seal();
      await whenFewerThan(1);
      return batchId;
    },
    /**
     * Cancel the uploads in progress, and wait until they have ended. Never throws.
     *
     * @returns the batch, for Platform to abort; null if there is none
     */
    async abandon(): Promise<string | null> {
      abandoned.abort();
      await Promise.all(uploading);
      return batchId;
    },
  };
}
