import type { Clock } from '../../adobe/clock.js';
import type { Mapping } from '../mapping/mapping.js';
import { SourceError } from '../source/source.js';
import type { Watermark } from '../source/watermark.js';
import type { RunOutcome, RunPorts, WholeBatch } from '../state/run-outcome.js';
import { createBatchUpload } from '../upload/batch-upload.js';
import type { PlatformClient } from '../upload/platform-client.js';
import { PlatformError } from '../upload/platform-error.js';
import { toRejects } from './platform-rejects.js';
import { addRejects, createRejectFile, rejectFilePath } from './reject-file.js';
import { partialIngestionPercentOf, RejectLimitError } from './reject-limit.js';
import { sendRecords } from './send-records.js';
import { PATIENCE_MS, type SettledBatch, settleBatch } from './settle-batch.js';

/** Runs mappings. Each run is at most one batch on Platform. */
export interface IngestionRunner {
  /**
   * Ingest what has changed in a mapping's source: read, check and convert each record, upload, complete, and follow
   * the batch to its end. Without records there is no batch.
   *
   * @param watermark - what was last accepted; null: from the beginning
   * @throws only because of a bug in this program, or what a port throws
   */
  run(mapping: Mapping, watermark: Watermark | null, ports: RunPorts): Promise<RunOutcome>;
  /**
   * Continue a run that was interrupted after its batch was whole.
   *
   * @param mapping - null if it no longer exists
   * @param patienceMs - how long to wait for Platform; absent: six hours
   */
  finish(
    whole: WholeBatch,
    mapping: Mapping | null,
    ports: RunPorts,
    patienceMs?: number,
  ): Promise<RunOutcome>;
  /**
   * Abort the batch of a run that was interrupted earlier. Also resolves if it is over already.
   *
   * @throws {PlatformError} Platform could not be reached
   */
  abort(batchId: string, signal: AbortSignal): Promise<void>;
}

/** A run holds two files in memory. Platform accepts 256 MB in one. */
const FILE_BYTES = 4 * 1024 * 1024;

/** A batch that nobody will complete does no harm, so its abort may fail, and must not delay the end. In ms. */
const ABORT_TIMEOUT_MS = 3_000;

/** Create the runner; it reads and sends nothing before a run. */
export function createIngestionRunner(parts: {
  readonly platform: PlatformClient;
  /** The folder with a file for each job's rejects. */
  readonly rejectsDir: string;
  /** The maximum size of a batch's first files, in bytes; later ones may be larger. */
  readonly fileBytes?: number;
  readonly clock: Clock;
}): IngestionRunner {
  const { platform, rejectsDir, fileBytes = FILE_BYTES, clock } = parts;

  async function run(
    mapping: Mapping,
    watermark: Watermark | null,
    ports: RunPorts,
  ): Promise<RunOutcome> {
    const { jobId, signal } = ports;
    await using rejects = createRejectFile(rejectFilePath(rejectsDir, jobId));
    const upload = createBatchUpload({
      platform,
      datasetId: mapping.dataset,
      fileBytes,
      partialIngestionPercent: (records) => partialIngestionPercentOf(mapping.maxRejected, records),
      onBatchCreated: (batchId) => ports.onBatchCreated(batchId),
      signal,
    });
    let numRejected = 0;
    let whole: WholeBatch;
    try {
      const onRejected = (rejected: number) => {
        numRejected = rejected;
        ports.onProgress({ numRecords: upload.records, numRejected });
      };
      const sent = await sendRecords(mapping, {
        watermark,
        upload,
        rejects,
        onRejected,
        clock,
        signal,
      });
      await ports.onSourceRead(sent.watermark);
      const batchId = await upload.finish();
      const done = { numRecords: upload.records, numRejected, reason: sent.notice };
      if (batchId === null) return { kind: 'succeeded', batchId, ...done };
      whole = { batchId, ...done };
      await ports.onBatchWhole(whole);
    } catch (error) {
      const batchId = await upload.abandon();
      await giveUp(batchId);
      return endOf(error, { batchId, numRejected, signal });
    }
    return finish(whole, mapping, ports);
  }

  async function finish(
    whole: WholeBatch,
    mapping: Mapping | null,
    ports: RunPorts,
    patienceMs = PATIENCE_MS,
  ): Promise<RunOutcome> {
    try {
      const settled = await settleBatch(whole, { platform, clock }, ports, patienceMs);
      return await tellLeftOut(settled, whole, mapping, ports);
    } catch (error) {
      const { batchId, numRejected } = whole;
      // If the run is cut off here, the batch is not aborted: it is whole, and can be finished later.
      if (!ports.signal.aborted) await giveUp(batchId);
      return endOf(error, { batchId, numRejected, signal: ports.signal });
    }
  }

  /** Record which records Platform has left out. Platform's decision counts even if that can't be found out. */
  async function tellLeftOut(
    { outcome, rowErrors }: SettledBatch,
    { batchId, numRejected }: WholeBatch,
    mapping: Mapping | null,
    { jobId, signal }: RunPorts,
  ): Promise<RunOutcome> {
    if (outcome.kind !== 'succeeded' && outcome.kind !== 'failed') return outcome;
    if (outcome.numRejected <= numRejected) return outcome;
    try {
      const rows = rowErrors ?? (await platform.readRowErrors(batchId, signal));
      await addRejects(rejectFilePath(rejectsDir, jobId), numRejected, toRejects(rows, mapping));
      return outcome;
    } catch (error) {
      signal.throwIfAborted();
      const reason = `${outcome.reason} It is unknown which ones: ${(error as Error).message}`;
      return { ...outcome, reason: reason.trim() };
    }
  }

  async function giveUp(batchId: string | null): Promise<void> {
    if (batchId === null) return;
    await platform.abortBatch(batchId, AbortSignal.timeout(ABORT_TIMEOUT_MS)).catch(() => {});
  }

  const abort: IngestionRunner['abort'] = (batchId, signal) => platform.abortBatch(batchId, signal);
  return { run, finish, abort };
}

/**
 * How a run with an error ends. Without a batch, the code says which side failed. With one, whatever ended the run
 * has left an unfinished upload.
 */
function endOf(
  error: unknown,
  {
    batchId,
    numRejected,
    signal,
  }: {
    readonly batchId: string | null;
    readonly numRejected: number;
    readonly signal: AbortSignal;
  },
): RunOutcome {
  if (signal.aborted) return { kind: 'aborted', batchId };
  const isSource = error instanceof SourceError || error instanceof RejectLimitError;
  if (!isSource && !(error instanceof PlatformError)) throw error;
  return {
    kind: 'failed',
    code: isSource && batchId === null ? 'ACP-880056' : 'ACP-880096',
    reason: error.message,
    numRejected,
    batchId,
    isTransient: error instanceof RejectLimitError ? false : error.isTransient,
  };
}
