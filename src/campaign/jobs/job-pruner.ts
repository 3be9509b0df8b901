import { rm } from 'node:fs/promises';
import type { Clock } from '../../adobe/clock.js';
import type { Logger } from '../../adobe/logger.js';
import { rejectFilePath } from '../run/reject-file.js';
import type { OldJobStore } from '../state/old-job-store.js';

/** The time between two looks, in ms. */
const INTERVAL_MS = 60 * 60_000;

/** How many jobs are forgotten at a time, so that callers don't wait for longer. */
const PORTION = 200;

/** The pause between two portions, in ms, in which others are served. */
const PAUSE_MS = 50;

/**
 * Forget old jobs, with their requests and rejects, from now on.
 *
 * A job's rejects are deleted before the job. If the process ends in between, the next look finds the job, so no
 * unknown personal data is left. The last job of a mapping stays, but its rejects don't.
 *
 * @returns ends that
 */
export function startJobPruner(parts: {
  readonly oldJobs: OldJobStore;
  readonly rejectsDir: string;
  /** From the end of a job, in ms. */
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}): () => Promise<void> {
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

  /** @returns the jobs without rejects; a file that can't be deleted only keeps its own job */
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
        // The disk may be full for a while. Old jobs can be forgotten later.
        if (!signal.aborted) logger.error({ err: error }, 'old jobs could not be forgotten');
      }
      await clock.wait(INTERVAL_MS, signal).catch(() => {});
    }
  }

  const looping = loop();
  return async () => {
    stopping.abort();
    await looping;
  };
}
