import {
  type IRateLimiterOptions,
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { RateLimitedError } from '../../ingestion/gateway-error.js';

/** How often each caller may do something. */
export interface Allowance {
  /**
   * Use up some of the caller's allowance for this minute.
   *
   * @throws {RateLimitedError} there is too little left; the rest is used up, too
   */
  take(callerKey: string, count: number): Promise<void>;
  /** How much of this minute's allowance the caller has left. */
  left(callerKey: string): Promise<number>;
}

/** Creates counters with these rules; `keyPrefix` names what is counted. */
export type NewLimiter = (options: IRateLimiterOptions) => RateLimiterAbstract;

const inThisProcess: NewLimiter = (options) => new RateLimiterMemory(options);

const MINUTE_S = 60;

/** @param what - what it limits, in words such as `requests` */
export function createAllowance(
  what: string,
  perMinute: number,
  newLimiter = inThisProcess,
): Allowance {
  if (perMinute === Number.POSITIVE_INFINITY) {
    return { take: async () => {}, left: async () => Number.POSITIVE_INFINITY };
  }
  const limiter = newLimiter({ keyPrefix: what, points: perMinute, duration: MINUTE_S });
  async function consume(callerKey: string, count: number): Promise<void> {
    try {
      await limiter.consume(callerKey, count);
    } catch (refusal) {
      const isFromLaterMinute =
        refusal instanceof RateLimiterRes && refusal.msBeforeNext > MINUTE_S * 1_000;
      if (!isFromLaterMinute) throw refusal;
      // The library uses the wall clock, which was set back since this was counted: the minute is over.
      await limiter.delete(callerKey);
      await limiter.consume(callerKey, count);
    }
  }

  return {
    async take(callerKey, count) {
      try {
        await consume(callerKey, count);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        const retryAfterMs = refusal.msBeforeNext;
        throw new RateLimitedError(
          `A caller may make at most ${perMinute} ${what} a minute. Wait ${Math.ceil(retryAfterMs / 1_000)} s.`,
          retryAfterMs,
        );
      }
    },
    async left(callerKey) {
      const counted = await limiter.get(callerKey);
      return Math.max(0, counted?.remainingPoints ?? perMinute);
    },
  };
}
