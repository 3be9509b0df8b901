import { type Allowance, createAllowance, type NewLimiter } from './allowance.js';
import type { Limits } from './limits.js';
import { createSocketQuota, type SocketQuota } from './socket-quota.js';

/** The limits that hold for each caller, over all that it has open. */
export interface CallerLimits {
  /** Operations, over whichever transport. */
  readonly requests: Allowance;
  /** Ingestions. */
  readonly starts: Allowance;
  /** Attempts to sign in that were not accepted; of an address, as nobody is known there yet. */
  readonly failedSignIns: Allowance;
  readonly sockets: SocketQuota;
}

/** Count what each caller does. */
export function createCallerLimits(limits: Limits, newLimiter?: NewLimiter): CallerLimits {
  return {
    requests: createAllowance('requests', limits.maxRequestsPerMinute, newLimiter),
    starts: createAllowance('starts', limits.maxStartsPerMinute, newLimiter),
    failedSignIns: createAllowance('failed sign-ins', limits.maxFailedSignInsPerMinute),
    sockets: createSocketQuota(limits),
  };
}
