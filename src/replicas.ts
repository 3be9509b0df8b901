import type { RemoteUpstream } from './config/upstream.js';
import type { LogDatabase } from './datasources/log/log-database.js';
import { createSharedCallBudget } from './datasources/replicas/call-budget.shared.js';
import { createCallReservations } from './datasources/replicas/call-reservations.datasource.js';
import {
  type CallerCounts,
  createCallerCounts,
} from './datasources/replicas/caller-counts.datasource.js';
import { createTokenSeal } from './datasources/replicas/token-seal.js';
import { createTokenShare } from './datasources/replicas/token-share.datasource.js';
import type { SharedAccess } from './datasources/upstream/campaign.datasource.js';
import type { Clock } from './ingestion/ports.js';

/** What a gateway shares with the others on its database, or has alone. */
export interface SharedResources {
  /** Undefined if this gateway does not share the upstream. */
  readonly upstream: SharedAccess | undefined;
  /** Null if this process alone counts what callers use up. */
  readonly callerCounts: CallerCounts | null;
}

/** Share with other gateways if they can have the log open as well. */
export function shareWithReplicas({
  database,
  remote: { identity, token },
  maxRps,
  timeoutMs,
  maxWaitMs,
  clock,
}: {
  readonly database: LogDatabase;
  readonly remote: RemoteUpstream;
  readonly maxRps: number;
  readonly timeoutMs: number;
  readonly maxWaitMs: number;
  readonly clock: Clock;
}): SharedResources {
  if (database.kind === 'sqlite') return { upstream: undefined, callerCounts: null };
  const reservations = createCallReservations(database, identity, maxRps, maxWaitMs);
  const budget = createSharedCallBudget(reservations, clock, maxRps);
  const tokens =
    token.kind === 'clientCredentials'
      ? createTokenShare(database, createTokenSeal(token), clock, timeoutMs, maxWaitMs)
      : undefined;
  return { upstream: { budget, tokens }, callerCounts: createCallerCounts(database) };
}
