import type {
  IngestionRecord,
  IngestionStatus,
  ReportedState,
  RequestRef,
} from './ingestion-request.js';
import type { Submission } from './submission.js';
import type { Applied, Observation, Position, Transition } from './transition.js';

/** Somebody is waiting for the answer (`interactive`), or it is a poll that may wait its turn. */
export type Urgency = 'interactive' | 'background';

/** The poll-only API in front of which the gateway stands. */
export interface Upstream {
  /**
   * Ask for an ingestion of the mapping to be started. Sent once, never repeated.
   *
   * @throws {UpstreamError} with `outcomeUnknown` where the upstream may have taken the request
   */
  start(mappingId: string): Promise<Submission>;

  /**
   * Ask where a request stands. Repeated where that may help, within one deadline.
   *
   * @returns null where the upstream knows no such request
   * @throws {UpstreamError} no usable answer
   */
  status(ref: RequestRef, urgency: Urgency): Promise<ReportedState | null>;

  /** Somebody waits now for a look-up that is under way in the background: have it go before the others. */
  expedite(ref: RequestRef): void;

  /**
   * Find out whether the upstream can be reached and would let us in.
   *
   * @throws {UpstreamError} saying why not
   */
  check(): Promise<void>;
}

/** Which transitions a reader wants. */
export type Scope =
  | { readonly kind: 'request'; readonly ref: RequestRef }
  | { readonly kind: 'mappings'; readonly mappingIds: readonly string[] }
  | { readonly kind: 'all' };

/** Which requests a listing is to have; what is left out does not narrow it. */
export interface RequestFilter {
  readonly mappingIds?: readonly string[] | undefined;
  readonly statuses?: readonly IngestionStatus[] | undefined;
  /** First observed at this instant or later, in ms since the epoch. */
  readonly observedAfter?: number | undefined;
  /** First observed before this instant, in ms since the epoch. */
  readonly observedBefore?: number | undefined;
}

/** Every transition that was ever observed, in one order. What is in it is never rewritten. */
export interface IngestionLog {
  /**
   * Append the transition that an observation makes of what the log knows, or nothing if it makes none.
   *
   * Safe to repeat: of two observers that saw the same change, one appends. Nobody is told of a
   * transition before it is in the log.
   *
   * @throws {LogUnavailableError} nothing was written
   */
  append(observation: Observation): Promise<Applied>;

  /** What is known of each ref, in their order; null for one never observed. */
  find(refs: readonly RequestRef[]): Promise<readonly (IngestionRecord | null)[]>;

  /** At most `limit` transitions after a position, oldest first. */
  read(scope: Scope, after: Position, limit: number): Promise<readonly Transition[]>;

  /**
   * At most `limit` requests, newest first.
   *
   * @param before - only those whose first transition is before this position; null for all
   */
  list(
    filter: RequestFilter,
    before: Position | null,
    limit: number,
  ): Promise<readonly IngestionRecord[]>;

  /** The position of the newest transition; 0 where there is none. */
  head(): Promise<Position>;

  /** The opaque form of a position that clients keep. */
  toCursor(position: Position): string;

  /** @throws {CursorInvalidError} this log gave no such cursor */
  parseCursor(cursor: string): Promise<Position>;

  /**
   * Forget requests that are terminal and have not changed since an instant, with their transitions.
   *
   * @param unchangedSince - in ms since the epoch
   * @param limit - how many at most, so that nobody has to wait for long
   * @returns how many were forgotten
   */
  prune(unchangedSince: number, limit: number): Promise<number>;

  /** The highest position that was ever forgotten: before it there may be gaps. 0 where none was. */
  prunedThrough(): Promise<Position>;

  /** Have `listener` called with each transition once it is in the log, in the log's order. */
  onAppended(listener: (transition: Transition) => void): void;
}

/** How one request is being watched. Instants in ms since the epoch. */
export interface WatchReport {
  /** When the upstream last answered a poll with a status. */
  readonly lastObservedAt: number | null;
  /** When a poll last ended, well or not. */
  readonly lastPolledAt: number | null;
  /** Null while a poll is under way. */
  readonly nextPollAt: number | null;
  /** The delay between polls that is in force. */
  readonly intervalMs: number;
  readonly consecutiveFailures: number;
  /** The last failed poll since the last good one. */
  readonly lastFailure: {
    readonly code: string;
    readonly message: string;
    readonly at: number;
  } | null;
}

/** The poll loops: one per request that is not terminal, whoever asks and however many. */
export interface Watches {
  /** Append what was seen; from now on the request is watched until it is terminal. */
  observe(ref: RequestRef, seen: ReportedState, startedAt?: number): Promise<IngestionRecord>;

  /**
   * Ask the upstream about a request now; a call already under way is shared.
   *
   * @returns the request as it stands then, or null where the upstream knows no such request
   * @throws {UpstreamError} the poll failed; a running watch goes on
   */
  poll(ref: RequestRef): Promise<IngestionRecord | null>;

  /** Null where the request is not being watched. */
  report(ref: RequestRef): WatchReport | null;
}

/** Time, so that tests can drive it. */
export interface Clock {
  /** In ms since the epoch. */
  now(): number;
  /** Run `task` once after `delayMs`; the returned function calls it off. */
  schedule(delayMs: number, task: () => void): () => void;
}
