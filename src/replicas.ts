import type { Logger } from 'pino';
import type { RemoteUpstream } from './config/upstream.js';
import type { LogTables } from './datasources/log/ingestion-log.schema.js';
import type { LogDatabase } from './datasources/log/log-database.js';
import { createSharedCallBudget } from './datasources/replicas/call-budget.shared.js';
import { createCallReservations } from './datasources/replicas/call-reservations.datasource.js';
import {
  type CallerCounts,
  createCallerCounts,
} from './datasources/replicas/caller-counts.datasource.js';
import type { ReplicaTables } from './datasources/replicas/replica.schema.js';
import {
  createReplicaRegistry,
  type ReplicaDatabase,
} from './datasources/replicas/replica-registry.datasource.js';
import { createTokenSeal } from './datasources/replicas/token-seal.js';
import { createTokenShare } from './datasources/replicas/token-share.datasource.js';
import type { SharedAccess } from './datasources/upstream/campaign.datasource.js';
import type { Clock } from './ingestion/ports.js';

/** What a gateway has together with others on the same database, or has for itself. */
export interface Replicas {
  /** Undefined where this gateway has the upstream for itself. */
  readonly upstream: SharedAccess | undefined;
  /** Null where what callers use up is counted in this process. */
  readonly callerCounts: CallerCounts | null;
  /** Names of the processes that may still hear the answers to starts that they sent, this one left out. */
  otherProcesses(): Promise<readonly string[]>;
  /** Be known to the others. */
  start(): Promise<void>;
  /** Once nothing is sent here any more. */
  stop(): Promise<void>;
}

/** What joining the others needs. */
export interface ReplicasOptions {
  readonly database: LogDatabase;
  /** Names this process, and no other that ever uses the database. */
  readonly processId: string;
  readonly remote: RemoteUpstream;
  readonly maxRps: number;
  readonly timeoutMs: number;
  readonly maxWaitMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Others came, left or died. */
  readonly onCompanyChanged: () => Promise<void>;
}

/** Join the others where the log is one that others can have open as well. */
export function createReplicas(options: ReplicasOptions): Replicas {
  switch (options.database.kind) {
    case 'sqlite':
      return {
        upstream: undefined,
        callerCounts: null,
        otherProcesses: () => Promise.resolve([]),
        start: () => Promise.resolve(),
        stop: () => Promise.resolve(),
      };
    case 'postgres':
      return joinReplicas(options);
  }
}

function joinReplicas(options: ReplicasOptions): Replicas {
  const { database, processId, clock, logger, onCompanyChanged } = options;
  const toReplicaDatabase = (db: LogDatabase['db']): ReplicaDatabase => ({
    db: db.withTables<Omit<ReplicaTables, keyof LogTables>>(),
    guard: database.guard,
  });
  const shared = toReplicaDatabase(database.db);
  const registry = createReplicaRegistry(toReplicaDatabase(database.aside), processId, clock, {
    onChanged: onCompanyChanged,
    onFailed: (error) => logger.warn({ err: error }, 'The other replicas cannot be heard of now'),
  });
  return {
    upstream: toSharedAccess(shared, options),
    callerCounts: createCallerCounts(shared),
    otherProcesses: async () => (await registry.livingProcesses()).filter((id) => id !== processId),
    start: registry.start,
    stop: registry.stop,
  };
}

function toSharedAccess(
  database: ReplicaDatabase,
  { remote, maxRps, timeoutMs, maxWaitMs, clock }: ReplicasOptions,
): SharedAccess {
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
