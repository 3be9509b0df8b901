import type { Clock } from '../../adobe/clock.js';
import type { Logger } from '../../adobe/logger.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Mappings } from '../mapping/mappings.js';
import type { IngestionRunner } from '../run/ingestion-run.js';
import type { Job } from '../state/job.js';
import type { RunOutcome, RunPorts, RunProgress, WholeBatch } from '../state/run-outcome.js';
import type { State } from '../state/state.js';
import { type JobEnd, writeJobEnd } from './job-end.js';

/** A run that has not ended. */
interface RunUnderWay {
  readonly cancelling: AbortController;
  progress: RunProgress | null;
  ended: Promise<unknown>;
}

const RETRY_MS = 1_000;

/** How long to wait for the batch of an earlier job. In ms. */
const EARLIER_PATIENCE_MS = 30_000;

const CANCELLED = 'An administrator has cancelled the job.';

/** Runs mappings, each in one job at a time. */
export type Jobs = ReturnType<typeof createJobs>;

/**
 * Create the jobs from the state. Of the jobs that the end of the service interrupted:
 *
 * - one with a whole batch continues: the batch is completed, and followed to its end;
 * - any other one ends as aborted, and its uploads are abandoned.
 *
 * @see docs/adr/0020-what-a-crash-leaves.md
 */
export function createJobs(parts: {
  readonly state: State;
  readonly runner: IngestionRunner;
  readonly mappings: Mappings;
  /** Called when a batch may have been abandoned. */
  readonly onAbandoned: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}) {
  const { state, runner, mappings, onAbandoned, clock, logger } = parts;
  const { jobs, watermarks, requests, abandonedBatches } = state;
  const stopping = new AbortController();
  const { signal } = stopping;
  const underWay = new Map<number, RunUnderWay>();

  for (const job of jobs.running()) {
    const whole = jobs.wholeOf(job.id);
    if (whole !== null) {
      logger.info({ ...about(job), batchId: whole.batchId }, 'ingestion continues');
      void follow(job, (ports) => finish(job, whole, ports));
      continue;
    }
    const reason = 'The ingestion service ended while the job was running.';
    writeJobEnd(state, job, { kind: 'cutOff', reason }, clock.now());
    logger.warn({ ...about(job), reason }, 'ingestion aborted');
  }
  onAbandoned();

  function finish(job: Job, whole: WholeBatch, ports: RunPorts, patienceMs?: number) {
    return runner.finish(whole, mappings.get(job.mappingId) ?? null, ports, patienceMs);
  }

  /**
   * Find out what became of the batch of an earlier job, if that is unknown.
   *
   * @returns the outcome of a run that must not begin yet; null if it may
   */
  async function settleEarlier(mappingId: string, ports: RunPorts): Promise<RunOutcome | null> {
    const earlier = jobs.undecidedOf(mappingId);
    const whole = earlier === null ? null : jobs.wholeOf(earlier.id);
    if (earlier === null || whole === null) return null;
    const about = { ...ports, jobId: earlier.id, onUploaded() {} };
    const outcome = await finish(earlier, whole, about, EARLIER_PATIENCE_MS);
    const { batchId } = whole;
    switch (outcome.kind) {
      case 'aborted':
        return { kind: 'aborted', batchId: null };
      case 'undecided': {
        const { reason } = outcome;
        const none = { numRejected: 0, batchId: null, isTransient: true };
        return { kind: 'failed', code: 'ACP-880096', reason, ...none };
      }
      case 'succeeded':
      case 'failed':
        logger.info({ mappingId, batchId, verdict: outcome.kind }, 'a late verdict has arrived');
        state.transaction(() => {
          jobs.noteDecided(mappingId);
          if (outcome.kind === 'succeeded') watermarks.accept(mappingId);
          else {
            watermarks.drop(mappingId);
            abandonedBatches.add(batchId);
          }
        });
        return null;
    }
  }

  function portsOf(job: Job, running: RunUnderWay): RunPorts {
    const { id, mappingId } = job;
    return {
      jobId: id,
      onProgress(progress) {
        running.progress = progress;
      },
      onBatchCreated: (batchId) => jobs.noteBatch(id, batchId),
      onSourceRead: (watermark) =>
        state.transaction(() => watermarks.propose(mappingId, watermark)),
      onBatchWhole: (whole) => jobs.noteWhole(id, whole),
      // Only reported; Platform already has the batch, so there is no reason to abort it.
      onUploaded: () => written(job, () => jobs.noteUploaded(id)),
      signal: AbortSignal.any([signal, running.cancelling.signal]),
    };
  }

  function follow(job: Job, run: (ports: RunPorts) => Promise<RunOutcome>): Promise<JobEnd> {
    const running: RunUnderWay = {
      cancelling: new AbortController(),
      progress: null,
      ended: Promise.resolve(),
    };
    const ended = runOf(job, running, run).then((end) => keep(job, end));
    running.ended = ended;
    underWay.set(job.id, running);
    void ended.finally(() => {
      if (underWay.get(job.id) === running) underWay.delete(job.id);
    });
    return ended;
  }

  async function runOf(
    job: Job,
    running: RunUnderWay,
    run: (ports: RunPorts) => Promise<RunOutcome>,
  ): Promise<JobEnd> {
    try {
      const outcome = await run(portsOf(job, running));
      const isCancelled = outcome.kind === 'aborted' && !signal.aborted;
      return isCancelled ? { kind: 'cutOff', reason: CANCELLED } : outcome;
    } catch (error) {
      logger.error({ ...about(job), err: error }, 'ingestion crashed');
      return { kind: 'cutOff', reason: 'The ingestion service failed. Its log has the details.' };
    }
  }

  async function keep(job: Job, end: JobEnd): Promise<JobEnd> {
    try {
      const hasEnded = await written(job, () => writeJobEnd(state, job, end, clock.now()));
      onAbandoned();
      if (hasEnded) {
        report(job, end);
        return end;
      }
      const whole = jobs.wholeOf(job.id);
      // It was cancelled at the moment at which its batch became whole.
      if (!signal.aborted && whole) return follow(job, (ports) => finish(job, whole, ports));
      logger.info(about(job), 'ingestion continues at the next start, because its batch is whole');
    } catch (error) {
      // Stopped before that: the next start finds an interrupted job.
      if (!signal.aborted) throw error;
    }
    return end;
  }

  /** Record something about a job, however often that must be tried: a disk may be full for a while. */
  async function written<T>(job: Job, write: () => T): Promise<T> {
    for (;;) {
      try {
        return write();
      } catch (error) {
        logger.error({ ...about(job), err: error }, 'the state of a job could not be written yet');
      }
      await clock.wait(RETRY_MS, signal);
    }
  }

  function report(job: Job, end: JobEnd): void {
    switch (end.kind) {
      case 'succeeded':
        logger.info(
          {
            ...about(job),
            batchId: end.batchId,
            numRecords: end.numRecords,
            numRejected: end.numRejected,
            ...(end.reason === '' ? {} : { reason: end.reason }),
          },
          'ingestion succeeded',
        );
        return;
      case 'failed':
      case 'undecided': {
        const { batchId, reason } = end;
        const code = end.kind === 'failed' ? { code: end.code } : {};
        logger.warn({ ...about(job), batchId, ...code, reason }, 'ingestion failed');
        return;
      }
      case 'aborted':
        logger.warn(about(job), 'ingestion aborted, because the service stops');
        return;
      case 'cutOff':
        logger.warn({ ...about(job), reason: end.reason }, 'ingestion aborted');
        return;
    }
  }

  return {
    /**
     * Run a mapping that no job is running.
     *
     * @param isRequested - true also creates a request of the API
     * @returns the job, and its end: `ended` resolves once the end is recorded, or can't be recorded because the service
     *   stops, and never rejects
     * @throws the database's error; nothing was started
     */
    start(mapping: Mapping, isRequested: boolean) {
      const job = state.transaction(() => {
        const jobId = jobs.create(mapping.id, clock.now());
        if (isRequested) requests.create(jobId);
        return jobs.find(jobId);
      });
      if (job === null) throw new Error('a job that was just written is missing');
      logger.info(about(job), 'ingestion started');
      const run = async (ports: RunPorts) =>
        (await settleEarlier(mapping.id, ports)) ??
        runner.run(mapping, watermarks.acceptedOf(mapping.id), ports);
      return { job, ended: follow(job, run) };
    },

    /** The progress of a job in this process; null if there is none, or it has read nothing yet. */
    progressOf: (jobId: number) => underWay.get(jobId)?.progress ?? null,

    /**
     * Cancel a run, and wait until it has ended. Its batch is aborted.
     *
     * @returns why it can't be cancelled: no such job is running, or its batch is whole, so Platform has it
     */
    async cancel(jobId: number): Promise<'cancelled' | 'notRunning' | 'whole'> {
      const running = underWay.get(jobId);
      if (!running) return 'notRunning';
      if (jobs.wholeOf(jobId)) return 'whole';
      running.cancelling.abort();
      await running.ended;
      return jobs.find(jobId)?.reason === CANCELLED ? 'cancelled' : 'whole';
    },

    /** Cancel all runs, and wait until they have ended. */
    async stop(): Promise<void> {
      stopping.abort();
      await Promise.all([...underWay.values()].map(({ ended }) => ended));
    },
  };
}

function about({ id, mappingId, requestId }: Job): object {
  return { jobId: id, mappingId, requestId };
}
