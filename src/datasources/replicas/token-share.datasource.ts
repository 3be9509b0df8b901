import { type RawBuilder, sql } from 'kysely';
import {
  GatewayError,
  UpstreamError,
  type UpstreamErrorCode,
} from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import type { LogDatabase } from '../log/log-database.js';
import { DEFAULT_MAX_WAIT_MS } from '../upstream/http-pool.js';
import { type SharedToken, type TokenShare, toRenewalMs } from '../upstream/token-share.js';
import type { TokenSeal } from './token-seal.js';

/** How often replicas that wait for another one's fetch check whether it is done, in ms. */
const LOOK_MS = 200;

/** How much longer than its deadline a fetch may take, in ms, before another replica tries. */
const GRACE_MS = 2_000;

/** The pause after a failed fetch, in ms, unless the failure asks for a longer one. */
const PAUSE_MS = 1_000;

/** The time after a delay, by the database's clock. */
const afterMs = (ms: number) => sql<Date>`clock_timestamp() + make_interval(secs => ${ms / 1000})`;

/** What the row says about a token. All times are relative to now, by the database's clock. */
interface TokenRow {
  readonly sealed: Buffer | null;
  readonly age_ms: number | null;
  readonly left_ms: number | null;
  readonly failure: { readonly code: UpstreamErrorCode; readonly message: string } | null;
  /** The time until the next fetch may be tried; not positive if it may be tried now. */
  readonly retry_in_ms: number | null;
}

/**
 * A token that all replicas share through PostgreSQL. It is stored encrypted with a key derived from the client
 * secret. Its row also says who is fetching it, so that no connection is held meanwhile.
 *
 * @param timeoutMs - the deadline of one fetch
 * @param maxWaitMs - the longest wait that a failure may ask for
 */
export function createTokenShare(
  { db, guard }: Pick<LogDatabase, 'db' | 'guard'>,
  seal: TokenSeal,
  clock: Clock,
  timeoutMs: number,
  maxWaitMs = DEFAULT_MAX_WAIT_MS,
): TokenShare {
  const { credential } = seal;
  const fetchMs = timeoutMs + GRACE_MS;
  /** Whether a wait is over, or longer than any can be, which means that the database's clock was set back. */
  const hasPassed = (column: RawBuilder<unknown>, longestMs: number) =>
    sql`(${column} is null or ${column} <= clock_timestamp() or ${column} > ${afterMs(longestMs)})`;

  async function look(): Promise<TokenRow | null> {
    const ms = (interval: ReturnType<typeof sql>) =>
      sql`(extract(epoch from ${interval}) * 1000)::float8`;
    const { rows } = await sql<TokenRow>`select sealed, failure,
      ${ms(sql`clock_timestamp() - fetched_at`)} as age_ms,
      ${ms(sql`expires_at - clock_timestamp()`)} as left_ms,
      ${ms(sql`retry_at - clock_timestamp()`)} as retry_in_ms
      from access_tokens where credential = ${credential}`.execute(db);
    return rows[0] ?? null;
  }

  /** The token in the row, if it can be used. */
  function toUsable(row: TokenRow, rejected: string | null): SharedToken | null {
    const { sealed, age_ms: ageMs, left_ms: leftMs } = row;
    if (!sealed || ageMs === null || leftMs === null) return null;
    // The database's clock was set back, so the token's remaining life is unknown.
    if (ageMs < 0) return null;
    const lifeMs = ageMs + leftMs;
    if (leftMs <= toRenewalMs(lifeMs)) return null;
    const accessToken = seal.open(sealed);
    return accessToken === null || accessToken === rejected ? null : { accessToken, lifeMs, ageMs };
  }

  /** @returns whether it is this replica’s turn to fetch */
  async function claim(): Promise<boolean> {
    const { rows } = await sql`
      insert into access_tokens as token (credential, fetching_until)
      values (${credential}, ${afterMs(fetchMs)})
      on conflict (credential) do update set fetching_until = excluded.fetching_until
      where ${hasPassed(sql`token.fetching_until`, fetchMs)}
        and ${hasPassed(sql`token.retry_at`, Math.max(PAUSE_MS, maxWaitMs))}
      returning credential`.execute(db);
    return rows.length > 0;
  }

  async function keep({ accessToken, lifeMs }: { accessToken: string; lifeMs: number }) {
    await sql`update access_tokens set sealed = ${seal.seal(accessToken)}, fetched_at = clock_timestamp(),
      expires_at = ${afterMs(lifeMs)}, fetching_until = null, failure = null, retry_at = null
      where credential = ${credential}`.execute(db);
  }

  async function keepFailure(error: unknown) {
    const { code, message, retryAfterMs } = toUpstreamError(error);
    const pauseMs = Math.max(PAUSE_MS, retryAfterMs ?? 0);
    await sql`update access_tokens set fetching_until = null,
      failure = ${JSON.stringify({ code, message })}::jsonb, retry_at = ${afterMs(pauseMs)}
      where credential = ${credential}`.execute(db);
  }

  return {
    async obtain(fetch, rejected) {
      for (;;) {
        const row = await reach(() => guard(look));
        const usable = row && toUsable(row, rejected);
        if (usable) return usable;
        const waitMs = row?.retry_in_ms ?? 0;
        if (row?.failure && waitMs > 0 && waitMs <= Math.max(PAUSE_MS, maxWaitMs)) {
          const { code, message } = row.failure;
          throw new UpstreamError(code, message, { retryAfterMs: Math.ceil(waitMs) });
        }
        if (await reach(() => guard(claim))) break;
        await new Promise<void>((resolve) => void clock.schedule(LOOK_MS, resolve));
      }
      // Another replica may have fetched one between the look and the claim.
      const row = await reach(() => guard(look));
      const usable = row && toUsable(row, rejected);
      try {
        const token = usable ?? { ...(await fetch()), ageMs: 0 };
        if (usable) await reach(() => guard(release));
        // Without the database the others fetch their own; this token is valid anyway.
        else await guard(() => keep(token)).catch(unlessOurs);
        return token;
      } catch (error) {
        await guard(() => keepFailure(error)).catch(unlessOurs);
        throw error;
      }
    },
  };

  async function release(): Promise<void> {
    await sql`update access_tokens set fetching_until = null
      where credential = ${credential}`.execute(db);
  }
}

async function reach<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new UpstreamError(
      'UPSTREAM_UNAVAILABLE',
      'There is no access token: the database through which the replicas share it does not respond.',
      { cause },
    );
  }
}

function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError('UPSTREAM_UNAVAILABLE', 'The access token could not be fetched.', {
    cause: error,
  });
}

function unlessOurs(error: unknown): void {
  if (!(error instanceof GatewayError)) throw error;
}
