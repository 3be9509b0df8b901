import { CompiledQuery, sql } from 'kysely';
import {
  type IRateLimiterOptions,
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
} from 'rate-limiter-flexible';
import type { LogDatabase } from '../log/log-database.js';

/** What callers have used up, counted across all replicas. */
export type CallerCounts = ReturnType<typeof createCallerCounts>;

/**
 * The counts in PostgreSQL. A caller that has used up everything is refused without a query, so a flood of requests
 * causes no flood of statements. If the database does not respond, each replica counts alone.
 */
export function createCallerCounts({ db, guard }: Pick<LogDatabase, 'db' | 'guard'>) {
  /** The part of a PostgreSQL client that the library uses. */
  const storeClient = {
    async query({ text, values }: { readonly text: string; readonly values: readonly unknown[] }) {
      const { rows } = await db.executeQuery(CompiledQuery.raw(text, [...values]));
      return { rows, rowCount: rows.length };
    },
  };
  return {
    /** Count by these rules; `keyPrefix` names what is counted. */
    newLimiter: (options: IRateLimiterOptions): RateLimiterAbstract =>
      new RateLimiterPostgres({
        ...options,
        storeClient,
        storeType: 'client',
        tableName: 'caller_counts',
        tableCreated: true,
        // Its timer could not be stopped.
        clearExpiredByTimeout: false,
        inMemoryBlockOnConsumed: options.points ?? 0,
        insuranceLimiter: new RateLimiterMemory(options),
      }),
    /** Delete some counts that expired before an instant. @returns how many */
    prune: (before: number, limit: number): Promise<number> =>
      guard(async () => {
        const { numAffectedRows } = await sql`
          delete from caller_counts where key in (
            select key from caller_counts where expire < ${before} limit ${limit}
          )`.execute(db);
        return Number(numAffectedRows ?? 0);
      }),
  };
}
