import type { Mapping } from '../mapping/mapping.js';
import type { Marker } from '../mapping/marker-kind.js';
import type { Reject } from '../run/reject-file.js';
import type { Job } from '../state/job.js';
import type { MappingState } from '../state/mapping-state.js';
import { nextRunAtOf } from '../state/mapping-store.js';
import type { RunProgress } from '../state/run-outcome.js';

/** A job as the product's list shows it. */
export type JobAnswer = ReturnType<typeof toJobAnswer>;

/**
 * Convert a job to its row of the list. Instants in ISO 8601.
 *
 * @param progress - how far it has come, until more is known
 */
export function toJobAnswer(job: Job, progress: RunProgress | null) {
  const { numRecords, numRejected } = job.state.status === 'Created' && progress ? progress : job;
  return {
    id: job.id,
    mapping: job.mappingId,
    /** Null if the scheduler started the job. */
    requestId: job.requestId,
    batchId: job.batchId,
    status: job.state.status,
    numberOfRecords: numRecords,
    numberOfRejectedRecords: numRejected,
    reason: job.reason,
    startTime: toIso(job.startedAt),
    endTime: 'endedAt' in job.state ? toIso(job.state.endedAt) : null,
  };
}

/** Convert a reject for administrators, without the content of its record, which is personal data. */
export function toRejectAnswer({ key, line, reason }: Reject) {
  return { key: key == null || key === '' ? null : String(key), line, reason };
}

/**
 * Convert a mapping, its state and its latest job.
 *
 * @param more - its watermark is the marker up to which everything was accepted; null if the next run sends everything
 */
export function toMappingAnswer(
  { id, label }: Mapping,
  state: MappingState,
  more: {
    readonly runIntervalMs: number;
    readonly watermark: Marker | null;
    readonly lastJob: JobAnswer | null;
  },
) {
  const { publication, execution } = state;
  const nextRunAt = nextRunAtOf(state);
  return {
    id,
    label,
    publication,
    execution,
    nextRunAt: nextRunAt === null ? null : toIso(nextRunAt),
    ...more,
  };
}

function toIso(at: number): string {
  return new Date(at).toISOString();
}
