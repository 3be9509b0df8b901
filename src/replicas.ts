import { randomUUID } from 'node:crypto';
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
import { createWatchTable } from './datasources/replicas/watch-table.datasource.js';
import type { SharedAccess } from './datasources/upstream/campaign.datasource.js';
import type { IngestionRecord } from './ingestion/ingestion-request.js';
import type { Clock, IngestionLog } from './ingestion/ports.js';
import { type Handover, singleReplica, type WatchLeases } from './ingestion/replica-ports.js';
import { createReplica } from './watch/replica.js';
import type { Watcher } from './watch/watcher.js';

/** What a gateway has together with others on the same database, or has for itself. */
export interface Replicas {
  /** Undefined where this gateway has the upstream for itself. */
  readonly upstream: SharedAccess | undefined;
  readonly leases: WatchLeases;
  /** Null where what callers use up is counted in this process. */
  readonly callerCounts: CallerCounts | null;
  /** How many are alive, as last heard; undefined where there can be no others. */
  readonly livingCount: (() => number) | undefined;
  /** Names of the processes that may still hear the answers to starts that they sent, this one left out. */
  otherProcesses(): Promise<readonly string[]>;
  /** Take up the watches that are this gateway’s to go on with. */
  start(watcher: Watcher): Promise<void>;
  /** Once nothing is watched or sent here any more. */
  stop(): Promise<void>;
}

/** What joining the others needs. */
export interface ReplicasOptions {
  readonly database: LogDatabase;
  readonly log: Pick<IngestionLog, 'list'>;
  /** Names this process, and no other that ever uses the database. */
  readonly processId: string;
  readonly remote: RemoteUpstream;
  readonly maxRps: number;
  readonly timeoutMs: number;
  readonly maxWaitMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This replica was taken for dead. */
  readonly countLeaseLoss: () => void;
  /** Others came, left or died. */
  readonly onCompanyChanged: () => Promise<void>;
}

/** Join the others where the log is one that others can have open as well. */
export function createReplicas(options: ReplicasOptions): Replicas {
  switch (options.database.kind) {
    case 'sqlite':
      return {
        upstream: undefined,
        leases: singleReplica,
        callerCounts: null,
        livingCount: undefined,
        otherProcesses: () => Promise.resolve([]),
        start: (watcher) => watcher.resume(readRunning(options.log)),
        stop: () => Promise.resolve(),
      };
    case 'postgres':
      return joinReplicas(options);
  }
}

function joinReplicas(options: ReplicasOptions): Replicas {
  const { database, processId, clock, logger, countLeaseLoss, onCompanyChanged } = options;
  const toReplicaDatabase = (db: LogDatabase['db']): ReplicaDatabase => ({
    db: db.withTables<Omit<ReplicaTables, keyof LogTables>>(),
    guard: database.guard,
  });
  const shared = toReplicaDatabase(database.db);
  const registry = createReplicaRegistry(toReplicaDatabase(database.aside), processId);
  const replica = createReplica({
    registry,
    table: createWatchTable(shared, clock),
    clock,
    newId: () => randomUUID(),
    events: {
      onJoined: (replicaId) => logger.info({ replicaId }, 'Joined the other replicas'),
      onLost(replicaId, watchCount) {
        countLeaseLoss();
        logger.warn(
          { replicaId, watchCount },
          'Others may take this replica for dead: it has dropped its watches',
        );
      },
      onCompanyChanged(livingCount, deadIds) {
        logger.info({ livingCount, deadIds }, 'Replicas came, left or died');
        return onCompanyChanged();
      },
      onTaken: (watchCount) => logger.debug({ watchCount }, 'Took watches'),
      onGivenBack: (watchCount) => logger.debug({ watchCount }, 'Gave watches back'),
      onFailed: (error) => logger.warn({ err: error }, 'The table of watches cannot be used now'),
    },
  });
  return {
    upstream: toSharedAccess(shared, options),
    leases: replica.leases,
    callerCounts: createCallerCounts(shared),
    livingCount: () => replica.livingCount,
    otherProcesses: async () => (await registry.livingProcesses()).filter((id) => id !== processId),
    start: replica.start,
    stop: replica.stop,
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

/** How many requests are taken up again at a time. */
const RESUME_PAGE_ITEMS = 1_000;

/** All requests that were being watched when the last process ended, in pages. */
async function* readRunning(log: Pick<IngestionLog, 'list'>): AsyncGenerator<readonly Handover[]> {
  for (let before: number | null = null; ; ) {
    const page: readonly IngestionRecord[] = await log.list(
      { statuses: ['IN_PROGRESS'] },
      before,
      RESUME_PAGE_ITEMS,
    );
    const oldest = page.at(-1);
    if (!oldest) return;
    yield page.map((record) => ({ record, report: null }));
    before = oldest.firstPosition;
  }
}
