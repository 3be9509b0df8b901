import { type Allowance, createAllowance, type NewLimiter } from './allowance.js';
import type { Limits } from './limits.js';
import { createQuota, type Quota } from './quota.js';
import { createSocketQuota, type SocketQuota } from './socket-quota.js';

/** The limits for each caller, over everything that it has open. */
export interface CallerLimits {
  /** Operations, over all transports. */
  readonly requests: Allowance;
  /** Ingestions. */
  readonly starts: Allowance;
  /** Failed sign-ins, for each address, because the caller is not known yet. */
  readonly failedSignIns: Allowance;
  /** Queries and mutations in progress. */
  readonly work: Quota;
  /** The cost of subscriptions that are open or being opened. */
  readonly subscriptions: Quota;
  readonly sockets: SocketQuota;
}

/** Count what each caller does. */
export function createCallerLimits(limits: Limits, newLimiter?: NewLimiter): CallerLimits {
  return {
    requests: createAllowance('requests', limits.maxRequestsPerMinute, newLimiter),
    starts: createAllowance('starts', limits.maxStartsPerMinute, newLimiter),
    failedSignIns: createAllowance('failed sign-ins', limits.maxFailedSignInsPerMinute),
    work: createQuota({
      maxPerCaller: limits.maxOperationsPerCaller,
      max: limits.maxOperations,
      tooMany: (whose, limit) =>
        whose === 'caller'
          ? `A caller may have at most ${limit} queries and mutations in progress. Wait for one to end.`
          : `The gateway runs at most ${limit} queries and mutations at a time. Try again.`,
    }),
    subscriptions: createQuota({
      maxPerCaller: limits.maxSubscriptionCostPerCaller,
      max: Number.POSITIVE_INFINITY,
      tooMany: (_whose, limit) =>
        `A caller’s subscriptions may cost at most ${limit} points together. Complete one, or select less.`,
    }),
    sockets: createSocketQuota(limits),
  };
}
