import type { Job } from '../state/job.js';
import type { RunOutcome } from '../state/run-outcome.js';
import type { State } from '../state/state.js';

/** How a job came to its end: as its run did, or cut off before that. */
export type JobEnd = RunOutcome | { readonly kind: 'cutOff'; readonly reason: string };

const STOPPED = 'The ingestion service was stopped while the job was running.';

/**
 * Write down how a job ended, all of it or nothing: its result, the watermark where Platform has accepted
 * the batch, and the batch among the abandoned ones where nobody will complete it.
 *
 * A job that was stopped when its batch was whole is not over: the next start goes on with it.
 *
 * @param endedAt - in ms since the epoch
 * @returns false for a job that is not over
 * @throws the database's error; nothing was written
 */
export function writeJobEnd(
  state: State,
  { id, mappingId }: Job,
  end: JobEnd,
  endedAt: number,
): boolean {
  const { jobs, watermarks, abandonedBatches } = state;
  /** What an earlier job proposed is kept, if Platform may have accepted it. */
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
        // Where the batch was whole the run has failed by Platform's last word on it.
        if (batchId !== null) abandonedBatches.add(batchId);
        return true;
      }
      case 'undecided': {
        const { reason, batchId, numRejected } = end;
        jobs.fail(id, 'ACP-880096', { batchId, numRecords: 0, numRejected, reason, endedAt });
        // What the job proposed is kept until Platform's verdict is known.
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
