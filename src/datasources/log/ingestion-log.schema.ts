import type { Generated } from 'kysely';
import type { IngestionStatus } from '../../ingestion/ingestion-request.js';
import type { WatchEnd } from '../../ingestion/ports.js';
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
  /**
   * Tells its last sending from all others, so that nobody takes back one that is not theirs; null where it was
   * not sent, or was answered.
   */
  readonly sent_by: string | null;
  /**
   * The position of the newest transition when it was sent. Not in the checksum: the version before, which may
   * run beside this one, makes that without it.
   */
  readonly sent_after: number | null;
  /**
   * When something is due, by the clock of the log: of a start that was sent, its answer; of a retry that waits, its
   * next sending. Null where that is at once, or not planned yet. Not in the checksum: the database gives it.
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
  /** When it is to be polled, in virtual time; null where it is not. */
  readonly due_ms: Generated<number | null>;
  /** Until then somebody polls it; a process that ended meanwhile does not any more. */
  readonly claimed_until: Generated<number>;
  /** The upstream asked to be left alone until then. */
  readonly not_before: Generated<number>;
  /** The delay to the next poll where nothing is scarce; null until it is planned. */
  readonly gap_ms: Generated<number | null>;
  /** The same, were somebody waiting for its end. */
  readonly wanted_gap_ms: Generated<number | null>;
  /** When somebody last asked about it, or was seen to follow it. */
  readonly wanted_at: Generated<number | null>;
  readonly last_observed_at: Generated<number | null>;
  readonly last_polled_at: Generated<number | null>;
  readonly consecutive_failures: Generated<number>;
  /** JSON. */
  readonly last_failure: Generated<string | null>;
  /** Since when the upstream says that it knows no such request. */
  readonly unknown_since: Generated<number | null>;
  readonly ended_because: Generated<WatchEnd | null>;
  readonly ended_at: Generated<number | null>;
}

/** One row: how far virtual time had come at the last claim, and how fast it ran lately beside real time. */
export interface PollClockRow {
  readonly id: number;
  readonly virtual_ms: number;
  readonly at: number;
  readonly speed: number;
  /** Whether something was due then that nobody took: 1 or 0. */
  readonly is_behind: number;
}

/** What is to be known of the log itself. */
export interface MetaRow {
  readonly name: 'cursor_key' | 'commit_count' | 'pruned_through' | 'schema' | 'upstream';
  readonly value: string;
  readonly checksum: number;
}

/** The tables of the ingestion log, and of what is due. */
export interface LogTables {
  requests: RequestRow;
  transitions: TransitionRow;
  starts: StartRow;
  watches: WatchRow;
  poll_clock: PollClockRow;
  log_meta: MetaRow;
}
