import type { StateDatabase } from './state-database.js';

/** Jobs that are old enough to be forgotten. The last job of each mapping stays, however old it is. */
export interface OldJobStore {
  /**
   * The jobs to forget, by their end, oldest first.
   *
   * @param endedBefore - in ms since the epoch
   * @param skipped - how many of the oldest to skip
   */
  past(endedBefore: number, limit: number, skipped: number): readonly number[];
  /** Jobs that are as old, but stay: the last ones of their mappings. */
  pastAndLast(endedBefore: number): readonly number[];
  /** Delete jobs with their requests: all of them, or none. */
  forget(jobIds: readonly number[]): void;
}

/** Create the store on the state's database. */
export function createOldJobStore({ sql, transaction }: StateDatabase): OldJobStore {
  const past = sql.prepare(
    `SELECT id FROM job WHERE ended_at < ?
       AND id < (SELECT max(id) FROM job AS other WHERE other.mapping_id = job.mapping_id)
     ORDER BY ended_at, id LIMIT ? OFFSET ?`,
  );
  const pastAndLast = sql.prepare(
    `SELECT job.id FROM mapping
     JOIN job ON job.id = (SELECT max(id) FROM job AS other WHERE other.mapping_id = mapping.id)
     WHERE job.ended_at < ?`,
  );
  const deleteRequest = sql.prepare('DELETE FROM request WHERE job_id = ?');
  const deleteJob = sql.prepare('DELETE FROM job WHERE id = ?');

  return {
    past: (endedBefore, limit, skipped) => toIds(past.all(Math.round(endedBefore), limit, skipped)),
    pastAndLast: (endedBefore) => toIds(pastAndLast.all(Math.round(endedBefore))),
    forget(jobIds) {
      if (jobIds.length === 0) return;
      transaction(() => {
        for (const jobId of jobIds) {
          deleteRequest.run(jobId);
          deleteJob.run(jobId);
        }
      });
    },
  };
}

function toIds(rows: unknown[]): number[] {
  return (rows as { id: number }[]).map(({ id }) => id);
}
