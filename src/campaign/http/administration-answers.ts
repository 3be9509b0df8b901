import type { Mapping } from '../mapping/mapping.js';
import type { Marker } from '../mapping/marker-kind.js';
import type { Reject } from '../run/reject-file.js';
import type { Job, JobStatus } from '../state/job.js';
import type { MappingState } from '../state/mapping-state.js';
import { nextRunAtOf } from '../state/mapping-store.js';
import type { RunProgress } from '../state/run-outcome.js';

/** A job as the product's list shows it. Instants in ISO 8601. */
export interface JobAnswer {
  readonly id: number;
  readonly mapping: string;
  /** Null if the scheduler started the job. */
  readonly requestId: number | null;
  readonly batchId: string | null;
  readonly status: JobStatus;
  readonly numberOfRecords: number;
  readonly numberOfRejectedRecords: number;
  readonly reason: string;
  readonly startTime: string;
  readonly endTime: string | null;
}

/**
 * Convert a job to its row of the list.
 *
 * @param progress - how far it has come, until more is known
 */
export function toJobAnswer(job: Job, progress: RunProgress | null): JobAnswer {
  const { numRecords, numRejected } = job.state.status === 'Created' && progress ? progress : job;
  return {
    id: job.id,
    mapping: job.mappingId,
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

/** A record that was not sent, without its content, which is personal data. */
export interface RejectAnswer {
  readonly key: string | null;
  /** In its file, from 1; null in a table. */
  readonly line: number | null;
  readonly reason: string;
}

/** Convert a reject for administrators. */
export function toRejectAnswer({ key, line, reason }: Reject): RejectAnswer {
  return { key: key == null || key === '' ? null : String(key), line, reason };
}

/** A mapping and its state. */
export interface MappingAnswer {
  readonly id: string;
  readonly label: string;
  readonly publication: 'published' | 'unpublished';
  readonly execution: 'started' | 'stopped';
  /** Null while it is stopped. */
  readonly nextRunAt: string | null;
  readonly runIntervalMs: number;
  /** The marker up to which everything was accepted; null if the next run sends everything. */
  readonly watermark: Marker | null;
  readonly lastJob: JobAnswer | null;
}

/** Convert a mapping, its state and its latest job. */
export function toMappingAnswer(
  { id, label }: Mapping,
  state: MappingState,
  more: {
    readonly runIntervalMs: number;
    readonly watermark: Marker | null;
    readonly lastJob: JobAnswer | null;
  },
): MappingAnswer {
  const nextRunAt = nextRunAtOf(state);
  return {
    id,
    label,
    publication: state.publication,
    execution: state.execution,
    nextRunAt: nextRunAt === null ? null : toIso(nextRunAt),
    runIntervalMs: more.runIntervalMs,
    watermark: more.watermark,
    lastJob: more.lastJob,
  };
}

function toIso(at: number): string {
  return new Date(at).toISOString();
}
