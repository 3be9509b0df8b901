import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { CommitUncertainError } from '../../../ingestion/gateway-error.js';
import type { LogTables } from '../ingestion-log.schema.js';
import { PostgresError } from './postgres.dialect.js';

/** How long to wait before asking again, in ms: in all, longer than a server needs to be started again. */
const PAUSES_MS = [50, 200, 500, 1_000, 2_000, 4_000];

/** A transaction that a server does not know: it took over from the one that had it, and did not get it. */
const INVALID_PARAMETER_VALUE = '22023';

/**
 * Find out what became of a transaction whose connection was lost while it was being committed.
 *
 * @param transactionId - by `pg_current_xact_id()`
 * @throws {CommitUncertainError} nobody could be asked
 */
export async function isCommitted(db: Kysely<LogTables>, transactionId: string): Promise<boolean> {
  let lastFault: unknown;
  for (const pauseMs of [0, ...PAUSES_MS]) {
    await delay(pauseMs);
    try {
      const { rows } = await sql<{ status: string | null }>`
        select pg_xact_status(${transactionId}::xid8) as status`.execute(db);
      // The server may not have noticed yet that the connection is gone.
      if (rows[0]?.status !== 'in progress') return rows[0]?.status === 'committed';
    } catch (error) {
      if (!(error instanceof PostgresError)) throw error;
      if (error.sqlState === INVALID_PARAMETER_VALUE) return false;
      lastFault = error;
    }
  }
  throw new CommitUncertainError(
    'The database of the log cannot be asked whether it has taken what was written last. Try again later.',
    { cause: lastFault },
  );
}
