import type { Job } from '../state/job.js';
import type { RunOutcome } from '../state/run-outcome.js';
import type { State } from '../state/state.js';

/** How a job ended: with its run, or cut off before that. */
export type JobEnd = RunOutcome | { readonly kind: 'cutOff'; readonly reason: string };

const STOPPED = 'The ingestion service was stopped while the job was running.';

/**
 * Record the end of a job, completely or not at all: its result, the watermark if Platform has accepted the batch,
 * and the batch as abandoned if nobody will complete it.
 *
 * A job that was stopped when its batch was whole has not ended: the next start continues it.
 *
 * @param endedAt - in ms since the epoch
 * @returns false for a job that has not ended
 * @throws the database's error; nothing was written
 */
export function writeJobEnd(
  state: State,
  { id, mappingId }: Job,
  end: JobEnd,
  endedAt: number,
): boolean {
  const { jobs, watermarks, abandonedBatches } = state;
  /** The proposal of an earlier job is kept if Platform may have accepted it. */
  const drop = () => {
    if (jobs.undecidedOf(mappingId) === null) watermarks.drop(mappingId);
  };
  return state.transaction(() => {
    const whole = jobs.wholeOf(id);
    switch (end.kind) {
      case 'succeeded': {
        const { numRecords, numRejected, batchId, reason } = end;
        jobs.succeed(id, { batchId, numRecords, numRejected, reason, endedAt });
        watermarks.accept(mappingId);
        return true;
      }
      case 'failed': {
        const { code, reason, batchId, numRejected } = end;
        jobs.fail(id, code, { batchId, numRecords: 0, numRejected, reason, endedAt });
        drop();
        // If the batch was whole, Platform's last word made the run fail.
        if (batchId !== null) abandonedBatches.add(batchId);
        return true;
      }
      case 'undecided': {
        const { reason, batchId, numRejected } = end;
        jobs.fail(id, 'ACP-880096', { batchId, numRecords: 0, numRejected, reason, endedAt });
        // The job's proposal is kept until Platform's verdict is known.
        jobs.noteUndecided(id);
        return true;
      }
      case 'aborted':
      case 'cutOff': {
        if (whole !== null) return false;
        const batchId = jobs.find(id)?.batchId ?? null;
        const reason = end.kind === 'cutOff' ? end.reason : STOPPED;
        jobs.fail(id, 'aborted', { batchId, numRecords: 0, numRejected: 0, reason, endedAt });
        drop();
        if (batchId !== null) abandonedBatches.add(batchId);
        return true;
      }
    }
  });
}
