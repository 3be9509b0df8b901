import { createAllowance, type NewLimiter } from './allowance.js';
import type { Limits } from './limits.js';
import { createQuota } from './quota.js';
import { createSocketQuota } from './socket-quota.js';

/** Count what each caller does, over everything that it has open. */
export function createCallerLimits(limits: Limits, newLimiter?: NewLimiter) {
  return {
    /** Operations, over all transports. */
    requests: createAllowance('requests', limits.maxRequestsPerMinute, newLimiter),
    /** Ingestions. */
    starts: createAllowance('starts', limits.maxStartsPerMinute, newLimiter),
    /** Failed sign-ins, for each address, because the caller is not known yet. */
    failedSignIns: createAllowance('failed sign-ins', limits.maxFailedSignInsPerMinute),
    /** Queries and mutations in progress. */
    work: createQuota({
      maxPerCaller: limits.maxOperationsPerCaller,
      max: limits.maxOperations,
      tooMany: (whose, limit) =>
        whose === 'caller'
          ? `A caller may have at most ${limit} queries and mutations in progress. Wait for one to end.`
          : `The gateway runs at most ${limit} queries and mutations at a time. Try again.`,
    }),
    /** The cost of subscriptions that are open or being opened. */
    subscriptions: createQuota({
      maxPerCaller: limits.maxSubscriptionCostPerCaller,
      max: Number.POSITIVE_INFINITY,
      tooMany: (_whose, limit) =>
        `A caller’s subscriptions may cost at most ${limit} points together. Complete one, or select less.`,
    }),
    sockets: createSocketQuota(limits),
  };
}
