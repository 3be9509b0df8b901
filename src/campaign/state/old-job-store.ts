import type { StateDatabase } from './state-database.js';

/** Jobs that are old enough to be forgotten. The last job of each mapping stays, however old it is. */
export type OldJobStore = ReturnType<typeof createOldJobStore>;

/** Create the store on the state's database. */
export function createOldJobStore({ sql, transaction }: StateDatabase) {
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
    /**
     * The jobs to forget, by their end, oldest first.
     *
     * @param endedBefore - in ms since the epoch
     * @param skipped - how many of the oldest to skip
     */
    past: (endedBefore: number, limit: number, skipped: number) =>
      toIds(past.all(Math.round(endedBefore), limit, skipped)),
    /** Jobs that are as old, but stay: the last ones of their mappings. */
    pastAndLast: (endedBefore: number) => toIds(pastAndLast.all(Math.round(endedBefore))),
    /** Delete jobs with their requests: all of them, or none. */
    forget: (jobIds: readonly number[]) =>
      transaction(() => {
        for (const jobId of jobIds) {
          deleteRequest.run(jobId);
          deleteJob.run(jobId);
        }
      }),
  };
}

function toIds(rows: unknown[]): readonly number[] {
  return (rows as { id: number }[]).map(({ id }) => id);
}
