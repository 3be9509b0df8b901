import type { IngestionRequest, RequestEnd, StartOutcome } from './ingestion-request.js';
import type { IngestionRunner } from './ingestion-run.js';
import type { Logger } from './logger.js';
import type { Mapping } from './mapping.js';
import type { RequestJournal } from './request-journal.js';
import type { RunOutcome } from './run-outcome.js';

/** Every request, and the runs of those that are not over. */
export interface IngestionRequests {
  /**
   * Start a run of the mapping, unless one is running or the mapping is not to be triggered.
   *
   * @throws the journal's error; nothing was started
   */
  start(mapping: Mapping): StartOutcome;
  /** Undefined where there is no such request of that mapping. */
  find(mappingId: string, requestId: number): IngestionRequest | undefined;
  /** Abort all runs and wait for their ends. */
  stop(): Promise<void>;
}

/**
 * Build the requests on what the journal knows. Those in it that never ended were cut off by a crash:
 * they are aborted.
 */
export function createIngestionRequests(
  { journal, runner, logger }: { journal: RequestJournal; runner: IngestionRunner; logger: Logger },
  known: readonly IngestionRequest[],
): IngestionRequests {
  const requests = new Map(known.map((request) => [request.requestId, request]));
  const runningOf = new Map<string, { requestId: number; ended: Promise<void> }>();
  const stopping = new AbortController();
  let lastRequestId = Math.max(0, ...requests.keys());

  for (const { requestId, mappingId, state } of known) {
    if (state.phase === 'running') end(requestId, mappingId, { phase: 'aborted' });
  }

  function end(requestId: number, mappingId: string, state: RequestEnd): void {
    requests.set(requestId, { requestId, mappingId, state });
    runningOf.delete(mappingId);
    try {
      journal.ended(requestId, state);
    } catch (error) {
      logger.error({ err: error, requestId, mappingId }, 'the end of a request was not kept');
    }
  }

  async function run(requestId: number, mapping: Mapping): Promise<void> {
    const about = { requestId, mappingId: mapping.id };
    try {
      const outcome = await runner.run(mapping, {
        jobId: requestId,
        watermark: null,
        onBatchCreated() {},
        onBatchWhole() {},
        onUploaded() {},
        signal: stopping.signal,
      });
      report(outcome, about);
      end(requestId, mapping.id, toRequestEnd(outcome));
    } catch (error) {
      logger.error({ ...about, err: error }, 'ingestion crashed');
      end(requestId, mapping.id, { phase: 'aborted' });
    }
  }

  function report(outcome: RunOutcome, about: object): void {
    const details = { ...about, batchId: outcome.batchId };
    switch (outcome.kind) {
      case 'succeeded':
        logger.info({ ...details, numRecords: outcome.numRecords }, 'ingestion succeeded');
        return;
      case 'failed':
        logger.warn({ ...details, reason: outcome.reason }, 'ingestion failed');
        return;
      case 'aborted':
        logger.warn(details, 'ingestion aborted');
        return;
    }
  }

  return {
    start(mapping) {
      if (mapping.publication === 'unpublished') return { kind: 'notPublished' };
      if (mapping.execution === 'started') return { kind: 'notStopped' };
      const running = runningOf.get(mapping.id);
      if (running) return { kind: 'alreadyInProgress', requestId: running.requestId };

      const requestId = lastRequestId + 1;
      journal.submitted(requestId, mapping.id);
      lastRequestId = requestId;
      requests.set(requestId, { requestId, mappingId: mapping.id, state: { phase: 'running' } });
      logger.info({ requestId, mappingId: mapping.id }, 'ingestion submitted');
      runningOf.set(mapping.id, { requestId, ended: run(requestId, mapping) });
      return { kind: 'submitted', requestId };
    },

    find(mappingId, requestId) {
      const request = requests.get(requestId);
      return request?.mappingId === mappingId ? request : undefined;
    },

    async stop() {
      stopping.abort();
      await Promise.all([...runningOf.values()].map(({ ended }) => ended));
    },
  };
}

function toRequestEnd(outcome: RunOutcome): RequestEnd {
  switch (outcome.kind) {
    case 'succeeded':
      return { phase: 'succeeded', numRecords: outcome.numRecords };
    case 'failed':
      return { phase: 'failed', code: outcome.code, batchId: outcome.batchId };
    case 'aborted':
      return { phase: 'aborted' };
  }
}
