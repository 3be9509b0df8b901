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

/** What sharing requires. */
export interface SharedResourcesOptions {
  readonly database: LogDatabase;
  readonly remote: RemoteUpstream;
  readonly maxRps: number;
  readonly timeoutMs: number;
  readonly maxWaitMs: number;
  readonly clock: Clock;
}

/** Share with other gateways if they can have the log open as well. */
export function shareWithReplicas(options: SharedResourcesOptions): SharedResources {
  const { database } = options;
  switch (database.kind) {
    case 'sqlite':
      return { upstream: undefined, callerCounts: null };
    case 'postgres':
      return { upstream: toSharedAccess(options), callerCounts: createCallerCounts(database) };
  }
}

function toSharedAccess({
  database,
  remote,
  maxRps,
  timeoutMs,
  maxWaitMs,
  clock,
}: SharedResourcesOptions): SharedAccess {
  const { identity, token } = remote;
  const reservations = createCallReservations(database, identity, maxRps, maxWaitMs);
  return {
    budget: createSharedCallBudget(reservations, clock, maxRps),
    tokens:
      token.kind === 'clientCredentials'
        ? createTokenShare(database, createTokenSeal(token), clock, timeoutMs, maxWaitMs)
        : undefined,
  };
}
