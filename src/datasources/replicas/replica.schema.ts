import type { LogTables } from '../log/ingestion-log.schema.js';

/** A process that is alive, or was until a moment ago. Instants are the database’s. */
export interface ReplicaRow {
  readonly replica_id: string;
  readonly process_id: string;
  readonly expires_at: Date;
}

/** The log, and what replicas share beside it. */
export interface ReplicaTables extends LogTables {
  replicas: ReplicaRow;
}
