import { sql } from 'kysely';
import type { ReplicaDatabase } from './replica-registry.datasource.js';

/** The calls of all replicas to one upstream, in the order in which they were reserved. */
export interface CallReservations {
  /**
   * Reserve the next calls that nobody has, each `1 / maxRps` seconds after the one before.
   *
   * @returns how long it is until the first of them, in ms
   */
  reserve(count: number): Promise<number>;
  /** Let no call that is reserved from now on leave within this time, in ms. The longest of several counts. */
  pause(delayMs: number): Promise<void>;
}

/**
 * The reservations in PostgreSQL: one row that says when the next call may leave, by the database’s clock.
 *
 * @param upstream - names the row
 */
export function createCallReservations(
  { db, guard }: ReplicaDatabase,
  upstream: string,
  maxRps: number,
): CallReservations {
  return {
    reserve: (count) =>
      guard(async () => {
        const seconds = count / maxRps;
        // Not `now()`: that would be the time before the wait for the row, which others reserve from too.
        const { rows } = await sql<{ first_in_ms: number }>`
          insert into call_budget as budget (upstream, next_call_at, paused_until)
          values (${upstream}, clock_timestamp() + make_interval(secs => ${seconds}),
            clock_timestamp())
          on conflict (upstream) do update set next_call_at =
            greatest(budget.next_call_at, budget.paused_until, clock_timestamp())
            + make_interval(secs => ${seconds})
          returning (extract(epoch from next_call_at - clock_timestamp()) - ${seconds})::float8
            * 1000 as first_in_ms`.execute(db);
        return Math.max(0, rows[0]?.first_in_ms ?? 0);
      }),
    async pause(delayMs) {
      const seconds = delayMs / 1000;
      await guard(() =>
        sql`
          insert into call_budget as budget (upstream, next_call_at, paused_until)
          values (${upstream}, clock_timestamp(), clock_timestamp() + make_interval(secs => ${seconds}))
          on conflict (upstream) do update set paused_until =
            greatest(budget.paused_until, excluded.paused_until)`.execute(db),
      );
    },
  };
}
