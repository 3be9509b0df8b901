import type { Generated } from 'kysely';
import type { IngestionStatus } from '../../ingestion/ingestion-request.js';
import type { WatchEnd } from '../../ingestion/ports.js';
import type { StartState } from '../../ingestion/start-intent.js';

/** The current state of a request. Instants in ms since the epoch. */
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

/** A start, recorded before it is sent. Instants in ms since the epoch. */
export interface StartRow {
  readonly intent_id: Generated<number>;
  readonly caller: string | null;
  readonly idempotency_key: string | null;
  /** The caller and the key while no other start may use them; null if the key is free. */
  readonly taken_key: string | null;
  readonly mapping_id: string;
  readonly retry_on_abort: number;
  readonly attempt: number;
  /** @see toRequestKey */
  readonly retry_of: string | null;
  readonly created_at: number;
  readonly sent_at: number | null;
  readonly state: StartState['kind'];
  /** The request that the answer named. @see toRequestKey */
  readonly request_key: string | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly settled_at: number | null;
  /**
   * Identifies the last sending, so that nobody withdraws another one; null if it was not sent, or was answered.
   */
  readonly sent_by: string | null;
  /**
   * The position of the newest transition when it was sent. Not in the checksum, because the previous version, which
   * may run beside this one, computes that without it.
   */
  readonly sent_after: number | null;
  /**
   * When something is due, by the log's clock: for a sent start, its answer; for a waiting retry, its next sending.
   * Null for at once, or if not planned yet. Not in the checksum, because the database computes it.
   */
  readonly due_at: number | null;
  readonly checksum: number;
}

/**
 * The watch of one request that is not terminal. Instants in ms since the epoch, by the clock of the database.
 *
 * @see docs/adr/0030-what-is-due.md
 */
export interface WatchRow {
  /** @see toRequestKey */
  readonly request_key: string;
  /** When the next poll is due, in virtual time; null if it is not watched. */
  readonly due_ms: Generated<number | null>;
  /** Until then somebody polls it. A process that has ended meanwhile no longer does. */
  readonly claimed_until: Generated<number>;
  /** The upstream asked us to wait until then. */
  readonly not_before: Generated<number>;
  /** The delay to the next poll if polls are not scarce; null until it is planned. */
  readonly gap_ms: Generated<number | null>;
  /** The same, if somebody waits for its end. */
  readonly wanted_gap_ms: Generated<number | null>;
  /** When somebody last asked about it, or was last seen following it. */
  readonly wanted_at: Generated<number | null>;
  readonly last_observed_at: Generated<number | null>;
  readonly last_polled_at: Generated<number | null>;
  readonly consecutive_failures: Generated<number>;
  /** JSON. */
  readonly last_failure: Generated<string | null>;
  /** Since when the upstream has said that it knows no such request. */
  readonly unknown_since: Generated<number | null>;
  readonly ended_because: Generated<WatchEnd | null>;
  readonly ended_at: Generated<number | null>;
}

/** One row: how far virtual time had come at the last claim, and how fast it ran recently relative to real time. */
export interface PollClockRow {
  readonly id: number;
  readonly virtual_ms: number;
  readonly at: number;
  readonly speed: number;
  /** Whether something was due then that nobody claimed: 1 or 0. */
  readonly is_behind: number;
}

/** A value about the log itself. */
export interface MetaRow {
  readonly name: 'cursor_key' | 'commit_count' | 'pruned_through' | 'schema' | 'upstream';
  readonly value: string;
  readonly checksum: number;
}

/** The tables of the ingestion log and of the watch queue. */
export interface LogTables {
  requests: RequestRow;
  transitions: TransitionRow;
  starts: StartRow;
  watches: WatchRow;
  poll_clock: PollClockRow;
  log_meta: MetaRow;
}
