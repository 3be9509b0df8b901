import type { IngestionRecord, RequestRef } from './ingestion-request.js';
import type { WatchReport } from './ports.js';

/** What the watcher asks of whoever decides which replica watches a request. */
export interface WatchLeases {
  /**
   * Ask for the watch of a request that was seen running here just now.
   *
   * @returns false where another replica has it, or the request is over: then it is not to be watched here
   */
  claim(ref: RequestRef): Promise<boolean>;

  /** Whether what is held may be polled at this moment. After a freeze others may have taken it over. */
  isInForce(): boolean;

  /** How another replica watches a request; null where none does. */
  findReport(ref: RequestRef): Promise<WatchReport | null>;
}

/** The leases of a gateway that has the log for itself: it watches everything. */
export const singleReplica: WatchLeases = {
  claim: () => Promise.resolve(true),
  isInForce: () => true,
  findReport: () => Promise.resolve(null),
};

/** What one look at the registry tells, all of one moment. */
export interface Census {
  /** Replicas that are alive, this one among them. */
  readonly livingCount: number;
  /** Watches of all replicas, and those that nobody has. */
  readonly watchCount: number;
  /** Watches that this replica has. */
  readonly heldCount: number;
  /** Watches that no living replica has. */
  readonly freeCount: number;
  /** Replicas that this look found to be dead, and no other did before. */
  readonly deadIds: readonly string[];
}

/**
 * Which replicas are alive, by the database's clock alone: a replica is alive until its last heartbeat is
 * older than it announced. The clocks of machines are never compared.
 */
export interface ReplicaRegistry {
  /** Be alive from now on, under a name that was never used before. */
  join(replicaId: string, ttlMs: number): Promise<void>;

  /**
   * Stay alive for another `ttlMs`, and look around.
   *
   * @returns null where this replica had been taken for dead: what it had may be others' by now, and its
   *   name is used up
   */
  beat(replicaId: string, ttlMs: number): Promise<Census | null>;

  /** Be dead at once. */
  leave(replicaId: string): Promise<void>;

  /** The processes that are alive, whatever the names are that they have as replicas by now. */
  livingProcesses(): Promise<readonly string[]>;
}

/** A watch that changes hands, with how it was watched so far. */
export interface Handover {
  readonly record: IngestionRecord;
  readonly report: WatchReport | null;
}

/** How a request is being watched. */
export interface ReportedWatch {
  readonly ref: RequestRef;
  readonly report: WatchReport;
}

/**
 * Who watches what: one row for each request that is not terminal, kept by the database in the commits that
 * begin and end a request. Nothing here waits for a row that somebody else is changing: it is skipped, and
 * seen to the next time.
 */
export interface WatchTable {
  /** Take at most `limit` watches that no living replica has. Of replicas that take at once, each takes others. */
  takeFree(replicaId: string, limit: number): Promise<readonly Handover[]>;

  /** Take these watches, where no living replica has them. @returns those that this replica has now */
  take(replicaId: string, refs: readonly RequestRef[]): Promise<readonly RequestRef[]>;

  /** All that this replica has. */
  listHeld(replicaId: string): Promise<readonly Handover[]>;

  /** Write down how these are watched. @returns those that this replica has no longer */
  write(replicaId: string, watches: readonly ReportedWatch[]): Promise<readonly RequestRef[]>;

  /** Give these watches back, with how they were watched. */
  giveBack(replicaId: string, watches: readonly ReportedWatch[]): Promise<void>;

  /** Note that these were seen running just now by somebody who does not watch them. */
  noteSeen(refs: readonly RequestRef[]): Promise<void>;

  /** How each is being watched, in their order; null where it is not. */
  findReports(refs: readonly RequestRef[]): Promise<readonly (WatchReport | null)[]>;
}
