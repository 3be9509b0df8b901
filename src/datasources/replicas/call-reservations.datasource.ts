import { sql } from 'kysely';
import type { LogDatabase } from '../log/log-database.js';
import { DEFAULT_MAX_WAIT_MS } from '../upstream/http-pool.js';

/** The maximum time that all replicas together reserve ahead, in seconds. */
const MAX_AHEAD_S = 30;

/** The calls of all replicas to one upstream, in the order of their reservations. */
export type CallReservations = ReturnType<typeof createCallReservations>;

/**
 * The reservations in PostgreSQL: one row says when the next call may leave, by the database's clock. A time further
 * ahead than any can be was written before that clock was set back, and has passed.
 *
 * @param upstream - names the row
 * @param maxWaitMs - the longest possible pause
 */
export function createCallReservations(
  { db, guard }: Pick<LogDatabase, 'db' | 'guard'>,
  upstream: string,
  maxRps: number,
  maxWaitMs = DEFAULT_MAX_WAIT_MS,
) {
  const pausedUntil = sql`(case when budget.paused_until
    <= clock_timestamp() + make_interval(secs => ${maxWaitMs / 1000})
    then greatest(budget.paused_until, clock_timestamp()) else clock_timestamp() end)`;
  const nextCallAt = sql`(case when budget.next_call_at
    <= ${pausedUntil} + make_interval(secs => ${MAX_AHEAD_S})
    then greatest(budget.next_call_at, ${pausedUntil}) else ${pausedUntil} end)`;

  return {
    /**
     * Reserve the next free calls, each `1 / maxRps` seconds after the previous one.
     *
     * @returns the time until the first of them, in ms
     */
    reserve: (count: number) =>
      guard(async () => {
        const seconds = count / maxRps;
        // Not `now()`, which would be the time before the wait for the row lock, which others take too.
        const { rows } = await sql<{ first_in_ms: number }>`
          insert into call_budget as budget (upstream, next_call_at, paused_until)
          values (${upstream}, clock_timestamp() + make_interval(secs => ${seconds}),
            clock_timestamp())
          on conflict (upstream) do update set next_call_at =
            ${nextCallAt} + make_interval(secs => ${seconds})
          returning (extract(epoch from next_call_at - clock_timestamp()) - ${seconds})::float8
            * 1000 as first_in_ms`.execute(db);
        return Math.max(0, rows[0]?.first_in_ms ?? 0);
      }),
    /** Let no call reserved from now on leave within this time, in ms. The longest of several pauses counts. */
    async pause(delayMs: number): Promise<void> {
      const seconds = delayMs / 1000;
      await guard(() =>
        sql`
          insert into call_budget as budget (upstream, next_call_at, paused_until)
          values (${upstream}, clock_timestamp(), clock_timestamp() + make_interval(secs => ${seconds}))
          on conflict (upstream) do update set paused_until =
            greatest(${pausedUntil}, excluded.paused_until)`.execute(db),
      );
    },
  };
}
