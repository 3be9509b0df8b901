import { rm } from 'node:fs/promises';
import type { Clock } from '../../adobe/clock.js';
import type { Logger } from '../../adobe/logger.js';
import { rejectFilePath } from '../run/reject-file.js';
import type { OldJobStore } from '../state/old-job-store.js';

/** Forgets the jobs that are past their time, with their requests and their rejects. */
export interface JobPruner {
  stop(): Promise<void>;
}

/** What is pruned, and how long things are kept. */
export interface JobPrunerParts {
  readonly oldJobs: OldJobStore;
  readonly rejectsDir: string;
  /** From the end of a job, in ms. */
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** From one look to the next, in ms. */
const INTERVAL_MS = 60 * 60_000;

/** So many jobs are forgotten at a time: whoever calls meanwhile waits for no more than that. */
const PORTION = 200;

/** How long the others have the service to themselves between two portions, in ms. */
const PAUSE_MS = 50;

/**
 * Build the pruner; it begins at once.
 *
 * The rejects of a job go before the job: cut off between the two, the next look finds the job, and no
 * personal data is left that nobody knows of. The last job of a mapping stays, but its rejects go.
 */
export function createJobPruner(parts: JobPrunerParts): JobPruner {
  const { oldJobs, rejectsDir, retentionMs, clock, logger } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function prune(): Promise<void> {
    const endedBefore = clock.now() - retentionMs;
    await deleteRejects(oldJobs.pastAndLast(endedBefore));
    let count = 0;
    let stuck = 0;
    for (let isMore = true; isMore; ) {
      if (count + stuck > 0) await clock.wait(PAUSE_MS, signal);
      const found = oldJobs.past(endedBefore, PORTION, stuck);
      const ready = await deleteRejects(found);
      oldJobs.forget(ready);
      count += ready.length;
      stuck += found.length - ready.length;
      isMore = found.length === PORTION;
    }
    if (count > 0) logger.info({ jobs: count }, 'old jobs were forgotten');
  }

  /** @returns the jobs that have none any more; a file that cannot be deleted holds up only its own job */
  async function deleteRejects(jobIds: readonly number[]): Promise<readonly number[]> {
    const done: number[] = [];
    for (const jobId of jobIds) {
      try {
        await rm(rejectFilePath(rejectsDir, jobId), { force: true });
        done.push(jobId);
      } catch (error) {
        logger.error({ jobId, err: error }, 'the rejects of an old job could not be deleted');
      }
    }
    return done;
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      try {
        await prune();
      } catch (error) {
        // The disk may be full for a while: what is past its time stays so.
        if (!signal.aborted) logger.error({ err: error }, 'old jobs could not be forgotten');
      }
      await clock.wait(INTERVAL_MS, signal).catch(() => {});
    }
  }

  const looping = loop();
  return {
    async stop() {
      stopping.abort();
      await looping;
    },
  };
}
