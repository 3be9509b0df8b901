import type { Jobs } from '../jobs/jobs.js';
import type { Mapping } from '../mapping/mapping.js';
import type { IngestionRequest, RequestState, StartOutcome } from '../state/ingestion-request.js';
import type { Job } from '../state/job.js';
import type { State } from '../state/state.js';

/** The requests of the API. Each is a job, described in the protocol's words. */
export interface IngestionRequests {
  /**
   * Start a run of the mapping, unless one is running or the mapping can't be triggered.
   *
   * @throws the database's error; nothing was started
   */
  start(mapping: Mapping): StartOutcome;
  /** Undefined if that mapping has no such request. */
  find(mappingId: string, requestId: number): IngestionRequest | undefined;
}

/** Create the requests from the state and the jobs. */
export function createIngestionRequests(
  state: State,
  jobs: Pick<Jobs, 'start'>,
): IngestionRequests {
  return {
    start(mapping) {
      const { publication, execution } = state.mappings.stateOf(mapping.id);
      if (publication === 'unpublished') return { kind: 'notPublished' };
      if (execution === 'started') return { kind: 'notStopped' };
      const running = state.jobs.runningOf(mapping.id);
      if (running === null) {
        return { kind: 'submitted', requestId: requestIdOf(jobs.start(mapping, true).job) };
      }
      // The scheduler's last run continues after the mapping was stopped. Until it ends, the mapping counts as not
      // stopped.
      if (running.requestId === null) return { kind: 'notStopped' };
      return { kind: 'alreadyInProgress', requestId: running.requestId };
    },

    find(mappingId, requestId) {
      const jobId = state.requests.jobIdOf(requestId);
      const job = jobId === null ? null : state.jobs.find(jobId);
      if (job?.mappingId !== mappingId) return undefined;
      return { requestId, mappingId, state: toRequestState(job) };
    },
  };
}

function requestIdOf({ id, requestId }: Job): number {
  if (requestId === null) throw new Error(`job ${id} was started for no request`);
  return requestId;
}

function toRequestState({ state, numRecords, batchId }: Job): RequestState {
  switch (state.status) {
    case 'Created':
    case 'Uploaded':
      return { phase: 'running' };
    case 'Success':
      return { phase: 'succeeded', numRecords };
    case 'Failed':
      if (state.failure === 'aborted') return { phase: 'aborted' };
      return { phase: 'failed', code: state.failure, batchId };
  }
}
