import { type Allowance, createAllowance, type NewLimiter } from './allowance.js';
import type { Limits } from './limits.js';
import { createQuota, type Quota } from './quota.js';
import { createSocketQuota, type SocketQuota } from './socket-quota.js';

/** The limits that hold for each caller, over all that it has open. */
export interface CallerLimits {
  /** Operations, over whichever transport. */
  readonly requests: Allowance;
  /** Ingestions. */
  readonly starts: Allowance;
  /** Attempts to sign in that were not accepted; of an address, as nobody is known there yet. */
  readonly failedSignIns: Allowance;
  /** Queries and mutations that are under way. */
  readonly work: Quota;
  /** The cost of subscriptions that are open, or are being opened. */
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
          ? `A caller may have at most ${limit} queries and mutations under way. Wait for one.`
          : `The gateway takes at most ${limit} queries and mutations at a time. Ask again.`,
    }),
    subscriptions: createQuota({
      maxPerCaller: limits.maxSubscriptionCostPerCaller,
      max: Number.POSITIVE_INFINITY,
      tooMany: (_whose, limit) =>
        `The subscriptions of a caller may have at most ${limit} points of cost together. Complete one, or select less.`,
    }),
    sockets: createSocketQuota(limits),
  };
}
