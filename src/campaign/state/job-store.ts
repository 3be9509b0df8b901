import type { Job, JobFailure, JobState, JobStatus } from './job.js';
import type { WholeBatch } from './run-outcome.js';
import type { StateDatabase } from './state-database.js';

/** The filter of a page of jobs. A property that is left out does not filter. */
export interface JobFilter {
  readonly mappingIds?: readonly string[] | undefined;
  readonly statuses?: readonly JobStatus[] | undefined;
  readonly requestIds?: readonly number[] | undefined;
  /** Started at this instant or later, in ms since the epoch. */
  readonly startedAfter?: number | undefined;
  /** Started before this instant. */
  readonly startedBefore?: number | undefined;
  /** Only jobs older than this one. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** The result of a job that is over. */
export interface JobResult {
  readonly batchId: string | null;
  readonly numRecords: number;
  readonly numRejected: number;
  readonly reason: string;
  readonly endedAt: number;
}

interface Row extends Omit<Job, 'state'> {
  readonly status: JobStatus;
  readonly isWhole: 0 | 1;
  readonly failure: JobFailure | null;
  readonly endedAt: number | null;
}

const JOBS = `
  SELECT job.id, mapping_id AS mappingId, request.id AS requestId, status, batch_id AS batchId, is_whole AS isWhole,
    num_records AS numRecords, num_rejected AS numRejected, failure, reason, started_at AS startedAt,
    ended_at AS endedAt
  FROM job LEFT JOIN request ON request.job_id = job.id`;
const IS_RUNNING = `job.status IN ('Created', 'Uploaded')`;

/** All jobs, in the state's database. A mapping has at most one running job. Its calls may be part of a transaction. */
export function createJobStore({ sql }: StateDatabase) {
  const insert = sql.prepare(
    `INSERT INTO job (mapping_id, status, started_at) VALUES (?, 'Created', ?)`,
  );
  const noteBatch = sql.prepare('UPDATE job SET batch_id = ? WHERE id = ?');
  const noteWhole = sql.prepare(
    'UPDATE job SET is_whole = 1, batch_id = ?, num_records = ?, num_rejected = ?, reason = ? WHERE id = ?',
  );
  const noteUploaded = sql.prepare(`UPDATE job SET status = 'Uploaded' WHERE id = ?`);
  const noteUndecided = sql.prepare('UPDATE job SET is_undecided = 1 WHERE id = ?');
  const noteDecided = sql.prepare(
    'UPDATE job SET is_undecided = 0 WHERE mapping_id = ? AND is_undecided = 1',
  );
  const undecidedOfMapping = sql.prepare(
    `${JOBS} WHERE job.mapping_id = ? AND job.is_undecided = 1 ORDER BY job.id DESC LIMIT 1`,
  );
  const end = sql.prepare(
    `UPDATE job SET status = ?, failure = ?, batch_id = ?, num_records = ?, num_rejected = ?, reason = ?,
       ended_at = ? WHERE id = ?`,
  );
  const byId = sql.prepare(`${JOBS} WHERE job.id = ?`);
  const runningOfMapping = sql.prepare(`${JOBS} WHERE job.mapping_id = ? AND ${IS_RUNNING}`);
  const lastOfMapping = sql.prepare(
    `${JOBS} WHERE job.mapping_id = ? ORDER BY job.id DESC LIMIT 1`,
  );
  const running = sql.prepare(`${JOBS} WHERE ${IS_RUNNING} ORDER BY job.id`);

  function settle(
    jobId: number,
    status: 'Success' | 'Failed',
    failure: JobFailure | null,
    { batchId, numRecords, numRejected, reason, endedAt }: JobResult,
  ): void {
    const at = Math.round(endedAt);
    end.run(status, failure, batchId, numRecords, numRejected, reason, at, jobId);
  }

  return {
    /** @returns the new job's id */
    create: (mappingId: string, startedAt: number) =>
      Number(insert.run(mappingId, Math.round(startedAt)).lastInsertRowid),
    noteBatch: (jobId: number, batchId: string) => void noteBatch.run(batchId, jobId),
    noteWhole: (jobId: number, { batchId, numRecords, numRejected, reason }: WholeBatch) =>
      void noteWhole.run(batchId, numRecords, numRejected, reason, jobId),
    noteUploaded: (jobId: number) => void noteUploaded.run(jobId),
    /** The job is over, but the fate of its batch is unknown. */
    noteUndecided: (jobId: number) => void noteUndecided.run(jobId),
    /** A mapping's newest job with a batch of unknown fate. */
    undecidedOf: (mappingId: string) => toJob(undecidedOfMapping.get(mappingId)),
    /** The fate of a mapping's batches is known, or does not matter. */
    noteDecided: (mappingId: string) => void noteDecided.run(mappingId),
    succeed: (jobId: number, result: JobResult) => settle(jobId, 'Success', null, result),
    fail: (jobId: number, failure: JobFailure, result: JobResult) =>
      settle(jobId, 'Failed', failure, result),

    find: (jobId: number) => toJob(byId.get(jobId)),
    runningOf: (mappingId: string) => toJob(runningOfMapping.get(mappingId)),
    /** Jobs that are not over, oldest first. */
    running: () => toJobs(running.all()),

    /** A job's whole batch, if it has one. */
    wholeOf(jobId: number): WholeBatch | null {
      const row = byId.get(jobId) as Row | undefined;
      if (row === undefined || row.isWhole === 0 || row.batchId === null) return null;
      const { batchId, numRecords, numRejected, reason } = row;
      return { batchId, numRecords, numRejected, reason };
    },

    /** The newest job of a mapping. */
    lastOf: (mappingId: string) => toJob(lastOfMapping.get(mappingId)),

    /** Newest first. */
    list(filter: JobFilter): readonly Job[] {
      const { mappingIds, statuses, requestIds, startedAfter, startedBefore, after, limit } =
        filter;
      const oneOf = (values: readonly unknown[] | undefined) => values && JSON.stringify(values);
      const wanted: [condition: string, value: string | number | undefined][] = [
        ['job.mapping_id IN (SELECT value FROM json_each(?))', oneOf(mappingIds)],
        ['job.status IN (SELECT value FROM json_each(?))', oneOf(statuses)],
        ['request.id IN (SELECT value FROM json_each(?))', oneOf(requestIds)],
        ['job.started_at >= ?', startedAfter],
        ['job.started_at < ?', startedBefore],
        ['job.id < ?', after],
      ];
      const given = wanted.filter(([, value]) => value !== undefined);
      const where = given.length === 0 ? '' : `WHERE ${given.map(([sql]) => sql).join(' AND ')}`;
      const values = given.map(([, value]) => value ?? null);
      return toJobs(
        sql.prepare(`${JOBS} ${where} ORDER BY job.id DESC LIMIT ?`).all(...values, limit),
      );
    },
  };
}

function toJobs(rows: unknown[]): Job[] {
  return rows.flatMap((row) => toJob(row) ?? []);
}

function toJob(found: unknown): Job | null {
  if (found === undefined) return null;
  const { status, isWhole, failure, endedAt, ...job } = found as Row;
  return { ...job, state: toState(status, failure, endedAt) };
}

function toState(status: JobStatus, failure: JobFailure | null, endedAt: number | null): JobState {
  switch (status) {
    case 'Created':
    case 'Uploaded':
      return { status };
    case 'Success':
      return { status, endedAt: endedAt ?? 0 };
    case 'Failed':
      return { status, failure: failure ?? 'aborted', endedAt: endedAt ?? 0 };
  }
}
