import type { StateDatabase } from './state-database.js';

/**
 * The job that each request of the API started, in the state's database. Ids rise, and are never reused.
 * Its calls may be part of a transaction.
 */
export function createRequestStore({ sql }: StateDatabase) {
  const insert = sql.prepare('INSERT INTO request (job_id) VALUES (?)');
  const select = sql.prepare('SELECT job_id FROM request WHERE id = ?');
  return {
    /** @returns the new request's id, a positive integer */
    create: (jobId: number) => Number(insert.run(jobId).lastInsertRowid),
    /** The request's job; null if there is no such request. */
    jobIdOf: (requestId: number) =>
      (select.get(requestId) as { job_id: number } | undefined)?.job_id ?? null,
  };
}
