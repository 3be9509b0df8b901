import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { CommitUncertainError } from '../../../ingestion/gateway-error.js';
import type { LogTables } from '../ingestion-log.schema.js';
import { PostgresError } from './postgres.dialect.js';

/** The pauses before asking again, in ms: together, longer than a server takes to restart. */
const PAUSES_MS = [50, 200, 500, 1_000, 2_000, 4_000];

/** The server does not know the transaction: it took over from the one that had it, without receiving it. */
const INVALID_PARAMETER_VALUE = '22023';

/**
 * Find out whether a transaction succeeded whose connection was lost during its commit.
 *
 * @param transactionId - by `pg_current_xact_id()`
 * @throws {CommitUncertainError} no server could be asked
 */
export async function isCommitted(db: Kysely<LogTables>, transactionId: string): Promise<boolean> {
  let lastError: unknown;
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
      lastError = error;
    }
  }
  throw new CommitUncertainError(
    'The log’s database cannot be asked whether the last commit succeeded. Try again later.',
    { cause: lastError },
  );
}
