import type { Job, JobStatus } from './job.js';
import type { Mapping } from './mapping.js';
import type { MappingState } from './mapping-state.js';
import { nextRunAtOf } from './mapping-store.js';
import type { Marker } from './source/marker-kind.js';
import type {} from './source/watermark.js';

/** A job as the product's list shows it. Instants in ISO 8601. */
export interface JobAnswer {
  readonly id: number;
  readonly mapping: string;
  /** Null where the scheduler started the job. */
  readonly requestId: number | null;
  readonly batchId: string | null;
  readonly status: JobStatus;
  readonly numberOfRecords: number;
  readonly numberOfRejectedRecords: number;
  readonly reason: string;
  readonly startTime: string;
  readonly endTime: string | null;
}

/** Put a job into its row of the list. */
export function toJobAnswer(job: Job): JobAnswer {
  return {
    id: job.id,
    mapping: job.mappingId,
    requestId: job.requestId,
    batchId: job.batchId,
    status: job.state.status,
    numberOfRecords: job.numRecords,
    numberOfRejectedRecords: job.numRejected,
    reason: job.reason,
    startTime: toIso(job.startedAt),
    endTime: 'endedAt' in job.state ? toIso(job.state.endedAt) : null,
  };
}

/** A mapping and where it stands. */
export interface MappingAnswer {
  readonly id: string;
  readonly label: string;
  readonly publication: 'published' | 'unpublished';
  readonly execution: 'started' | 'stopped';
  /** Null while it is stopped. */
  readonly nextRunAt: string | null;
  readonly runIntervalMs: number;
  /** The marker up to which everything was accepted; null: the next run sends everything. */
  readonly watermark: Marker | null;
  readonly lastJob: JobAnswer | null;
}

/** Put a mapping, its state and its latest job into words. */
export function toMappingAnswer(
  { id, label }: Mapping,
  state: MappingState,
  more: {
    readonly runIntervalMs: number;
    readonly watermark: Marker | null;
    readonly lastJob: Job | null;
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
    lastJob: more.lastJob === null ? null : toJobAnswer(more.lastJob),
  };
}

function toIso(at: number): string {
  return new Date(at).toISOString();
}
