import type { StateDatabase } from './state-database.js';

/** The job that each request of the API started. Ids rise, and are never reused. */
export interface RequestStore {
  /** @returns the new request's id, a positive integer */
  create(jobId: number): number;
  /** The request's job; null if there is no such request. */
  jobIdOf(requestId: number): number | null;
}

/** Create the store on the state's database. Its calls may be part of a transaction. */
export function createRequestStore({ sql }: StateDatabase): RequestStore {
  const insert = sql.prepare('INSERT INTO request (job_id) VALUES (?)');
  const select = sql.prepare('SELECT job_id FROM request WHERE id = ?');
  return {
    create: (jobId) => Number(insert.run(jobId).lastInsertRowid),
    jobIdOf: (requestId) =>
      (select.get(requestId) as { job_id: number } | undefined)?.job_id ?? null,
  };
}
