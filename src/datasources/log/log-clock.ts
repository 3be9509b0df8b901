import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../../ingestion/ports.js';
import type { LogDatabase } from './log-database.js';

/**
 * The clock by which a log decides what is due. Instants in ms since the epoch.
 *
 * @param clock - of this process
 */
export function createLogClock({ kind }: Pick<LogDatabase, 'kind'>, clock: Clock) {
  const openedAt = clock.now() - clock.monotonicMs();
  const ownNowMs = () => openedAt + clock.monotonicMs();
  return {
    /** By this process's clock: wall time when the log was opened, and measured from then on. */
    ownNowMs,
    /**
     * The instant at which a statement runs. On PostgreSQL it comes from the database's clock, whatever the processes'
     * clocks say; on SQLite, which belongs to one process, from that process's clock.
     */
    now: (): RawBuilder<number> =>
      kind === 'postgres'
        ? sql`(extract(epoch from clock_timestamp()) * 1000)::float8`
        : sql`${ownNowMs()}`,
  };
}
