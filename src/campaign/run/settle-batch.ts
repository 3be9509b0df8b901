import type { Clock } from '../../adobe/clock.js';
import type { RunOutcome, RunPorts, WholeBatch } from '../state/run-outcome.js';
import type { BatchReport } from '../upload/batch-report.js';
import type { PlatformClient } from '../upload/platform-client.js';
import { PlatformError } from '../upload/platform-error.js';
import type { RowError } from '../upload/row-errors.js';

/** What follows a batch on Platform. */
export interface SettleParts {
  readonly platform: PlatformClient;
  readonly clock: Clock;
}

/** Small batches take seconds, large ones minutes or hours. */
const FIRST_POLL_MS = 100;
const POLL_GROWTH = 1.3;
const LONGEST_POLL_MS = 30_000;

/** After this, the mapping's next run asks for the verdict again. Platform does not say how long it may take. */
export const PATIENCE_MS = 6 * 60 * 60_000;

/** How a batch ended. */
export interface SettledBatch {
  readonly outcome: RunOutcome;
  /** What Platform left out of it; null if that was not asked. */
  readonly rowErrors: readonly RowError[] | null;
}

/**
 * Complete a whole batch, and follow it until Platform has accepted or refused it. Safe to repeat, even if the batch
 * was completed before.
 *
 * @param patienceMs - how long to wait for Platform
 * @throws {PlatformError} Platform refuses to complete it
 */
export async function settleBatch(
  whole: WholeBatch,
  { platform, clock }: SettleParts,
  ports: Pick<RunPorts, 'onUploaded' | 'signal'>,
  patienceMs: number,
): Promise<SettledBatch> {
  const { signal } = ports;
  const givenUpAt = clock.monotonicMs() + patienceMs;
  for (;;) {
    const isPatient = clock.monotonicMs() < givenUpAt;
    if (await isComplete(whole.batchId, platform, signal, isPatient)) break;
    if (!isPatient) return undecided(whole);
    await clock.wait(LONGEST_POLL_MS, signal);
  }
  await ports.onUploaded();
  for (let pollMs = FIRST_POLL_MS; ; ) {
    const report = await readPatiently(whole.batchId, platform, signal);
    const known = report && (await counted(whole, report, platform, signal));
    const outcome = known && toOutcome(whole, known.report);
    if (outcome) return { outcome, rowErrors: known.rowErrors };
    if (clock.monotonicMs() >= givenUpAt) return undecided(whole);
    await clock.wait(pollMs, signal);
    pollMs = Math.min(pollMs * POLL_GROWTH, LONGEST_POLL_MS);
  }
}

function undecided({ batchId, numRejected }: WholeBatch): SettledBatch {
  const reason = `Platform has not decided about batch ${batchId} yet. The next run asks again before it sends anything.`;
  return { outcome: { kind: 'undecided', reason, numRejected, batchId }, rowErrors: null };
}

/**
 * Complete a batch. A refusal may mean that it is complete already.
 *
 * @param isPatient - true if Platform may be down for longer than a call is tried. The request may have arrived
 *   anyway, and giving up would send the records twice.
 * @returns false if that is still unknown
 */
async function isComplete(
  batchId: string,
  platform: PlatformClient,
  signal: AbortSignal,
  isPatient: boolean,
): Promise<boolean> {
  try {
    await platform.completeBatch(batchId, signal);
    return true;
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (error.isTransient && isPatient) return false;
    const report = await readPatiently(batchId, platform, signal);
    if (report?.phase === 'loading') throw error;
    return report !== null;
  }
}

/** @returns null if Platform could not be asked now; the batch continues anyway */
async function readPatiently(
  batchId: string,
  platform: PlatformClient,
  signal: AbortSignal,
): Promise<BatchReport | null> {
  try {
    return await platform.readBatch(batchId, signal);
  } catch (error) {
    if (error instanceof PlatformError) return null;
    throw error;
  }
}

/** Where Platform has accepted a batch and counted nothing of it, its row errors tell what it has left out. */
async function counted(
  { batchId }: WholeBatch,
  report: BatchReport,
  platform: PlatformClient,
  signal: AbortSignal,
): Promise<Pick<SettledBatch, 'rowErrors'> & { readonly report: BatchReport }> {
  if (report.phase !== 'accepted' || report.ingestedRecords !== null) {
    return { report, rowErrors: null };
  }
  try {
    const rowErrors = await platform.readRowErrors(batchId, signal);
    const failedRecords = Math.max(report.failedRecords, rowErrors.length);
    return { report: { ...report, failedRecords }, rowErrors };
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (error.httpStatus === 404) return { report, rowErrors: null };
    const reason = `Platform does not say how many records it took in. ${report.reason}`;
    return { report: { ...report, reason: reason.trim() }, rowErrors: null };
  }
}

function toOutcome(whole: WholeBatch, report: BatchReport): RunOutcome | null {
  const { phase, status, failedRecords, reason } = report;
  switch (phase) {
    case 'loading':
    case 'working':
      return null;
    case 'accepted':
      return accepted(whole, report);
    case 'failed':
      return {
        ...failure(whole, reason || 'Platform refused the batch without a reason', false),
        numRejected: whole.numRejected + failedRecords,
      };
    case 'stalled':
    case 'gone':
      return failure(whole, `The batch is ${status} on Platform. ${reason}`.trim(), true);
  }
}

/** What Platform neither took in nor calls failed is left out all the same. */
function accepted(
  whole: WholeBatch,
  { failedRecords, ingestedRecords, reason }: BatchReport,
): RunOutcome {
  const numRecords = ingestedRecords ?? whole.numRecords - failedRecords;
  const leftOut = Math.max(failedRecords, whole.numRecords - numRecords);
  const told =
    leftOut === 0 ? '' : `Platform left ${leftOut} ${leftOut === 1 ? 'record' : 'records'} out.`;
  return {
    kind: 'succeeded',
    numRecords,
    numRejected: whole.numRejected + leftOut,
    batchId: whole.batchId,
    reason: [whole.reason, told, reason].filter(Boolean).join(' '),
  };
}

function failure(
  { batchId, numRejected }: WholeBatch,
  reason: string,
  isTransient: boolean,
): RunOutcome & { readonly kind: 'failed' } {
  return { kind: 'failed', code: 'ACP-880096', reason, numRejected, batchId, isTransient };
}
