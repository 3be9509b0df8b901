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
import { PATIENCE_MS, settleBatch } from './settle-batch.js';

/** Runs mappings: each run is one batch on Platform at most. */
export interface IngestionRunner {
  /**
   * Ingest what has changed in a mapping's source: read, check and shape each record, upload, complete, and
   * follow the batch to its end. No record, no batch.
   *
   * @param watermark - what was accepted last; null: from the beginning
   * @throws only what a fault of this program throws, or a port
   */
  run(mapping: Mapping, watermark: Watermark | null, ports: RunPorts): Promise<RunOutcome>;
  /**
   * Go on with a run that was cut off after its batch was whole.
   *
   * @param mapping - null where it is not there any more
   * @param patienceMs - how long Platform is waited for; absent: six hours
   */
  finish(
    whole: WholeBatch,
    mapping: Mapping | null,
    ports: RunPorts,
    patienceMs?: number,
  ): Promise<RunOutcome>;
  /**
   * Give up a batch of a run that was cut off before. Resolves also where it is over already.
   *
   * @throws {PlatformError} Platform could not be told
   */
  abort(batchId: string, signal: AbortSignal): Promise<void>;
}

/** What the runs work with. */
export interface RunnerParts {
  readonly platform: PlatformClient;
  /** Each job's rejects go into a file in here. */
  readonly rejectsDir: string;
  /** The most that each of a batch's first files has, in bytes; later ones may have more. */
  readonly fileBytes?: number;
  readonly clock: Clock;
}

/** A run holds two files in memory. Platform takes 256 MB in one. */
const FILE_BYTES = 4 * 1024 * 1024;

/** A batch that nobody will complete does no harm: its abort may fail, and must not hold up an end. In ms. */
const ABORT_TIMEOUT_MS = 3_000;

/** Build the runner; nothing is read or sent before a run. */
export function createIngestionRunner(parts: RunnerParts): IngestionRunner {
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
      const outcome = await settleBatch(whole, { platform, clock }, ports, patienceMs);
      return await tellLeftOut(outcome, whole, mapping, ports);
    } catch (error) {
      const { batchId, numRejected } = whole;
      // Cut off here the batch is not given up: it is whole, and can be finished later.
      if (!ports.signal.aborted) await giveUp(batchId);
      return endOf(error, { batchId, numRejected, signal: ports.signal });
    }
  }

  /** Write down which records Platform has left out. What it decided stands, though that cannot be found out. */
  async function tellLeftOut(
    outcome: RunOutcome,
    { batchId, numRejected }: WholeBatch,
    mapping: Mapping | null,
    { jobId, signal }: RunPorts,
  ): Promise<RunOutcome> {
    if (outcome.kind !== 'succeeded' && outcome.kind !== 'failed') return outcome;
    if (outcome.numRejected <= numRejected) return outcome;
    try {
      const rows = await platform.readRowErrors(batchId, signal);
      await addRejects(rejectFilePath(rejectsDir, jobId), numRejected, toRejects(rows, mapping));
      return outcome;
    } catch (error) {
      signal.throwIfAborted();
      const reason = `${outcome.reason} Which ones is not known: ${(error as Error).message}`;
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
 * What an error makes of a run. Where there is no batch the code tells which side failed; once there is one,
 * whatever ended the run has left an upload unfinished.
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
