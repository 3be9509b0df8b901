import { randomBytes } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createDurableFile, type DurableFile, syncFolder } from './durable-file.js';
import type { MappingTarget } from './mapping.js';
import type { XdmRecord } from './xdm-record.js';

/** The target cannot be written. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

/** The file that makes a batch complete; what it says is in `docs/campaign-service.md`. */
const MANIFEST_FILE = 'batch.json';

/**
 * One run's batch: a folder of NDJSON files, each whole from the moment it is there.
 *
 *     {batchesDir}/{batchId}/{dataset}/part-00001.ndjson …   written as the run goes
 *     {batchesDir}/{batchId}/batch.json                      written last: the batch is complete
 */
export interface BatchWriter {
  /** Null until a first file is there. */
  readonly batchId: string | null;
  /** @throws {TargetError} */
  append(record: XdmRecord): Promise<void>;
  /**
   * Complete the batch. One without records leaves nothing behind.
   *
   * @returns the number of records in it
   * @throws {TargetError}
   */
  complete(): Promise<number>;
  /** Give up: files that are there stay, what was begun is removed. Never throws. */
  abandon(): Promise<void>;
}

/** Begin a batch; nothing is written before its first record. */
export function createBatchWriter(
  batchesDir: string,
  mappingId: string,
  { dataset, file, recordsPerFile }: MappingTarget,
): BatchWriter {
  const batchId = randomBytes(16).toString('hex');
  const batchDir = join(batchesDir, batchId);
  const datasetDir = join(batchDir, dataset);
  let part: { readonly file: DurableFile; records: number } | null = null;
  let sealedFiles = 0;
  let sealedRecords = 0;

  async function begin(): Promise<DurableFile> {
    if (sealedFiles === 0) {
      await mkdir(datasetDir, { recursive: true });
      await syncFolder(batchDir);
      await syncFolder(batchesDir);
    }
    const number = String(sealedFiles + 1).padStart(5, '0');
    return createDurableFile(join(datasetDir, file.replaceAll('{part}', number)));
  }

  async function sealPart(): Promise<void> {
    if (part === null) return;
    await part.file.seal();
    sealedFiles += 1;
    sealedRecords += part.records;
    part = null;
  }

  return {
    get batchId() {
      return sealedFiles === 0 ? null : batchId;
    },

    append: (record) =>
      orTargetError(async () => {
        part ??= { file: await begin(), records: 0 };
        await part.file.append(`${JSON.stringify(record)}\n`);
        part.records += 1;
        if (part.records === recordsPerFile) await sealPart();
      }),

    complete: () =>
      orTargetError(async () => {
        await sealPart();
        if (sealedFiles === 0) return 0;
        const manifest = await createDurableFile(join(batchDir, MANIFEST_FILE));
        const content = { batchId, mappingId, dataset, files: sealedFiles, records: sealedRecords };
        await manifest.append(`${JSON.stringify(content)}\n`);
        await manifest.seal();
        return sealedRecords;
      }),

    async abandon() {
      await part?.file.discard().catch(() => {});
      if (sealedFiles > 0) return;
      // Only what is empty: nothing of a batch is ever removed.
      await rmdir(datasetDir).catch(() => {});
      await rmdir(batchDir).catch(() => {});
    },
  };
}

async function orTargetError<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw new TargetError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
