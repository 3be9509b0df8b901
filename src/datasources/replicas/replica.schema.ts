import type { LogTables } from '../log/ingestion-log.schema.js';

/** A replica that is alive, or was until a moment ago. Instants are the database’s. */
export interface ReplicaRow {
  readonly replica_id: string;
  /** The process, which gets another replica id where it was taken for dead and was not. */
  readonly process_id: string;
  readonly expires_at: Date;
}

/** The watch of one request that is not terminal. Instants are the database’s. */
export interface WatchRow {
  /** @see toRequestKey */
  readonly request_key: string;
  /** Null, or a replica that is not alive, where nobody has it. */
  readonly replica_id: string | null;
  readonly last_observed_at: Date | null;
  readonly last_polled_at: Date | null;
  readonly next_poll_at: Date | null;
  readonly interval_ms: number | null;
  readonly consecutive_failures: number;
  readonly last_failure: {
    readonly code: string;
    readonly message: string;
    readonly at: number;
  } | null;
}

/** The log, and what replicas share beside it. */
export interface ReplicaTables extends LogTables {
  replicas: ReplicaRow;
  watches: WatchRow;
}
