import type { Generated } from 'kysely';
import type { IngestionStatus } from '../../ingestion/ingestion-request.js';
import type { StartState } from '../../ingestion/start-intent.js';

/** A request as it stands. Instants in ms since the epoch. */
export interface RequestRow {
  /** @see toRequestKey */
  readonly request_key: string;
  readonly mapping_id: string;
  readonly request_id: string;
  readonly status: IngestionStatus;
  readonly info: string;
  readonly batch_id: string | null;
  readonly num_records: number | null;
  readonly started_at: number | null;
  readonly first_observed_at: number;
  readonly changed_at: number;
  /** The position of its first transition: newer requests have higher ones. */
  readonly first_position: number;
  readonly checksum: number;
}

/** A transition. Never updated; deleted only when its request is pruned. */
export interface TransitionRow {
  readonly position: Generated<number>;
  readonly request_key: string;
  readonly mapping_id: string;
  readonly from_status: IngestionStatus | null;
  readonly to_status: IngestionStatus;
  readonly info: string;
  readonly batch_id: string | null;
  readonly num_records: number | null;
  readonly observed_at: number;
  readonly checksum: number;
}

/** A start, from before it was sent. Instants in ms since the epoch. */
export interface StartRow {
  readonly intent_id: Generated<number>;
  readonly caller: string | null;
  readonly idempotency_key: string | null;
  /** The caller and the key, as long as no other start may have them; null where it is free. */
  readonly taken_key: string | null;
  readonly mapping_id: string;
  readonly retry_on_abort: number;
  readonly attempt: number;
  /** @see toRequestKey */
  readonly retry_of: string | null;
  readonly created_at: number;
  readonly sent_at: number | null;
  readonly state: StartState['kind'];
  /** Of the request that the start was answered with. @see toRequestKey */
  readonly request_key: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly settled_at: number | null;
  /** The process that has to hear the answer; null where none has. */
  readonly sent_by: string | null;
  /**
   * The position of the newest transition when it was sent. Not in the checksum: the version before, which may
   * run beside this one, makes that without it.
   */
  readonly sent_after: number | null;
  readonly checksum: number;
}

/** What is to be known of the log itself. */
export interface MetaRow {
  readonly name: 'cursor_key' | 'commit_count' | 'pruned_through' | 'schema' | 'upstream';
  readonly value: string;
  readonly checksum: number;
}

/** The tables of the ingestion log. */
export interface LogTables {
  requests: RequestRow;
  transitions: TransitionRow;
  starts: StartRow;
  log_meta: MetaRow;
}
