import type {
  AdministeredMapping,
  ChangeResult,
  Job,
  JobFilter,
  JobRefusal,
  MappingChange,
  MappingRefusal,
  Reject,
} from './administration.js';
import type { MappingScope } from './caller.js';
import type { IngestionBatch } from './ingestion-batch.js';
import type {
  IngestionRecord,
  IngestionStatus,
  ReportedState,
  RequestRef,
} from './ingestion-request.js';
import type {
  Lineage,
  NewStart,
  RefusedStart,
  StartAnswer,
  StartIntent,
  UnansweredStart,
} from './start-intent.js';
import type { Submission } from './submission.js';
import type { Observation, ObservationResult, Position, Transition } from './transition.js';

/**
 * What a call is for: a start or a question of a caller, who waits for its answer, or a poll, whose answer nobody waits
 * for. `caller` distinguishes callers, anonymous ones by their addresses.
 */
export type CallPurpose =
  | { readonly kind: 'start'; readonly caller: string }
  | { readonly kind: 'ask'; readonly caller: string }
  | { readonly kind: 'poll' };

/** The poll-only API that the gateway calls. */
export interface Upstream {
  /**
   * Start an ingestion of the mapping. Sent once, never repeated.
   *
   * @throws {UpstreamError} with `outcomeUnknown` if the upstream may have accepted the start
   */
  start(mappingId: string, caller: string): Promise<Submission>;

  /**
   * Ask for the status of a request. Repeated if that may help, within one deadline.
   *
   * @param onTurn - called when the call has its turn, before it is sent, and again before each repeat
   * @returns null if the upstream knows no such request
   * @throws {UpstreamError} no usable answer
   */
  status(ref: RequestRef, purpose: CallPurpose, onTurn?: () => void): Promise<ReportedState | null>;

  /** This caller now waits for a status call in progress too: send it as soon as one of this caller's would be. */
  expedite(ref: RequestRef, caller: string): void;

  /**
   * Check that the upstream can be reached and accepts our credentials.
   *
   * @throws {UpstreamError} says why not
   */
  check(): Promise<void>;
}

/** Where requests' batches are looked up: Adobe Experience Platform. */
export interface BatchCatalog {
  /**
   * Ask for a batch. Repeated if that may help, within one deadline.
   *
   * @returns null if Platform knows no such batch
   * @throws {PlatformError} no usable answer
   */
  find(batchId: string, caller: string): Promise<IngestionBatch | null>;
}

/**
 * Where mappings are administered: a Campaign service that has such an API. Reads are repeated if that may help; a
 * change is sent once. All throw {@link UpstreamError}. For a change, it has `outcomeUnknown` if the change may have
 * been made.
 */
export interface Administration {
  /** All mappings, in the order of their files. */
  mappings(caller: string): Promise<readonly AdministeredMapping[]>;

  changeMapping(
    mappingId: string,
    change: MappingChange,
    caller: string,
  ): Promise<ChangeResult<AdministeredMapping, MappingRefusal>>;

  /**
   * At most `limit` jobs, newest first.
   *
   * @param after - only jobs older than the one with this id; null for all
   */
  jobs(
    filter: JobFilter,
    after: string | null,
    limit: number,
    caller: string,
  ): Promise<readonly Job[]>;

  /** Null if there is no such job. */
  job(jobId: string, caller: string): Promise<Job | null>;

  /** Cancel a job, and wait until it is over. */
  cancelJob(jobId: string, caller: string): Promise<ChangeResult<Job, JobRefusal>>;

  /** At most `limit` records that a job did not send, in its order, without the first `after` of them. */
  rejects(jobId: string, after: number, limit: number, caller: string): Promise<readonly Reject[]>;
}

/** Transitions of some mappings or of all. A property that is left out does not filter. */
export type ActivityScope = MappingScope & {
  /** Only transitions to one of these. */
  readonly statuses?: readonly IngestionStatus[];
  /** Only requests that this caller started through this gateway, as far as the log knows when it is read. */
  readonly startedBy?: string;
};

/** The transitions that a reader wants. */
export type Scope = { readonly kind: 'request'; readonly ref: RequestRef } | ActivityScope;

/** Which requests a listing includes. A property that is left out does not filter. */
export interface RequestFilter {
  readonly mappings?: MappingScope | undefined;
  readonly statuses?: readonly IngestionStatus[] | undefined;
  /** First observed at this instant or later, in ms since the epoch. */
  readonly observedAfter?: number | undefined;
  /** First observed before this instant, in ms since the epoch. */
  readonly observedBefore?: number | undefined;
  /** Started through this gateway by this caller. */
  readonly startedBy?: string | undefined;
}

/** Stands for a log's whole content at one moment: the same object as long as nothing has changed. */
export type LogState = Readonly<Record<never, never>>;

/** Every transition that was ever observed, in one order. Entries are never rewritten. */
export interface IngestionLog {
  /**
   * Append the transition that an observation makes, or nothing if it makes none.
   *
   * Safe to repeat: of two observers that saw the same change, one appends. A transition is in the log before anyone
   * hears of it. The same commit settles the start that the observation answers and the unknown starts that it
   * explains, and creates the retry that was requested for an ABORTED request, once.
   *
   * @throws {LogUnavailableError} nothing was written
   */
  append(observation: Observation): Promise<ObservationResult>;

  /** What is known about each ref, in their order; null for one that was never observed. */
  find(refs: readonly RequestRef[]): Promise<readonly (IngestionRecord | null)[]>;

  /**
   * What `find` would return, if it is in memory; null if the log has to be read. Never older than what listeners
   * have heard, and the same object until it changes.
   */
  recall(ref: RequestRef): IngestionRecord | null;

  /** Tells whether anything in the log has changed, as far as listeners have heard. */
  state(): LogState;

  /**
   * How long the last runs took, newest first: from the start, or from the first observation if the start is unknown,
   * to the terminal status. In ms, each above 0.
   *
   * @param mappingId - null for the runs of all mappings
   * @param limit - the maximum number
   */
  pastRuns(mappingId: string | null, limit: number): Promise<readonly number[]>;

  /**
   * At most `limit` mappings that have requests in the log, in the order of their ids.
   *
   * @param after - only ids after this one; null for all
   */
  mappings(scope: MappingScope, after: string | null, limit: number): Promise<readonly string[]>;

  /** At most `limit` transitions after a position, oldest first. */
  read(scope: Scope, after: Position, limit: number): Promise<readonly Transition[]>;

  /**
   * At most `limit` requests, newest first.
   * @param before - only those whose first transition is before this position; null for all
   */
  list(
    filter: RequestFilter,
    before: Position | null,
    limit: number,
  ): Promise<readonly IngestionRecord[]>;

  /**
   * The position of the newest transition that listeners have heard of; 0 if none. Another process may have appended
   * more, which listeners will hear of.
   */
  head(): Promise<Position>;

  /** The position of the newest transition of these mappings, announced or not; 0 if there is none. */
  newest(scope: MappingScope): Promise<Position>;

  /** The opaque form of a position that clients keep. */
  toCursor(position: Position): string;

  /** @throws {CursorInvalidError} this log did not create the cursor */
  parseCursor(cursor: string): Promise<Position>;

  /**
   * Forget requests, with their transitions, that are terminal and have not changed since an instant.
   *
   * @param unchangedSince - in ms since the epoch
   * @param limit - the maximum number, so that nobody has to wait for long
   * @returns how many were forgotten
   */
  prune(unchangedSince: number, limit: number): Promise<number>;

  /** The highest position that was ever forgotten: there may be gaps before it. 0 if none was. */
  prunedPosition(): Promise<Position>;

  /** Call `listener` with each transition once it is in the log, in the log's order. */
  onAppended(listener: (transition: Transition) => void): void;
}

/** The start that was begun, or the earlier one with the same key. */
export interface BegunStart {
  readonly kind: 'begun' | 'known';
  readonly intent: StartIntent;
}

/** A retry that waits to be sent. */
export interface WaitingRetry {
  readonly intent: StartIntent;
  /** Null until its time is planned. */
  readonly dueInMs: number | null;
}

/**
 * Every start that may have left this gateway, recorded before it leaves. {@link IngestionLog.append} settles answers
 * that name a request. All methods throw {@link LogUnavailableError} if nothing was written.
 */
export interface StartLog {
  /**
   * Record a start that is about to be sent, or find the same caller's earlier start with this key, while it is kept.
   * Of two concurrent calls, one begins.
   *
   * @param sending - identifies this sending
   */
  begin(start: NewStart, sending: string): Promise<BegunStart>;

  /** Settle a start that led to no request. */
  settle(intentId: number, state: RefusedStart | UnansweredStart): Promise<void>;

  /**
   * Withdraw a sending: the upstream certainly did not accept it, or it never left. A first try is forgotten, so
   * that its key is free again; a retry goes back to waiting. This also applies if its outcome counts as unknown
   * meanwhile, but not if the start has been sent again since.
   */
  withdraw(intentId: number, sending: string): Promise<void>;

  /**
   * The status of a request, as far as the log knew, before a start was sent; null if it was not known then. The
   * start did not begin a request that was known, and a request that was over was not running when the start arrived,
   * whatever the upstream says.
   */
  statusBefore(intentId: number, ref: RequestRef): Promise<IngestionStatus | null>;

  /**
   * Settle a start of unknown outcome, if what was seen of its mapping decides it.
   *
   * @param running - requests of its mapping that the upstream says are running now
   * @param now - in ms since the epoch
   * @returns the start in its new state
   * @throws {StartForgottenError} it was withdrawn meanwhile
   */
  resolveUnknown(
    intentId: number,
    running: readonly RequestRef[],
    now: number,
  ): Promise<StartIntent>;

  /**
   * Settle overdue starts as unknown, whoever sent them. A process that receives an answer late still settles its
   * start as the answer says.
   *
   * @param now - in ms since the epoch
   * @returns those starts, oldest first
   */
  settleOverdue(now: number): Promise<readonly StartIntent[]>;

  /** How long the answer to a start may still take, in ms: 0 if it is overdue, null if no answer is expected. */
  answerDueInMs(intentId: number): Promise<number | null>;

  /**
   * Retries that wait to be sent, oldest first: those recorded after the start with this id, and those that are due
   * within this time.
   */
  waitingRetries(newerThan: number, withinMs: number): Promise<readonly WaitingRetry[]>;

  /** Make a waiting retry due after this pause. */
  postpone(intentId: number, pauseMs: number): Promise<void>;

  /**
   * Record that a waiting retry is about to be sent.
   *
   * @param now - in ms since the epoch
   * @returns false if it no longer waits or was postponed: then it must not be sent
   */
  markSent(intentId: number, sending: string, now: number): Promise<boolean>;

  /** The place of each of these requests among the tries, in their order. */
  lineages(refs: readonly RequestRef[]): Promise<readonly Lineage[]>;

  /**
   * Forget starts that led to no request and were begun before an instant.
   *
   * @param before - in ms since the epoch; at least as long ago as keys are kept
   * @param limit - the maximum number, so that nobody has to wait for long
   * @returns how many were forgotten
   */
  prune(before: number, limit: number): Promise<number>;
}

/** Why a request is no longer watched although it is not terminal. */
export type WatchEnd = 'FORGOTTEN_UPSTREAM' | 'ENDED_BY_OPERATOR';

/** When a watched request was last observed. */
export interface LastObservation {
  /** When the upstream last answered a poll with a status, in ms since the epoch. */
  readonly lastObservedAt: number | null;
  /** How long ago that is, in ms, as measured; null if unknown. */
  readonly observedAgoMs: number | null;
}

/** How one request is being watched. Instants in ms since the epoch. */
export interface WatchReport extends LastObservation {
  /** When a poll last ended, successfully or not. */
  readonly lastPolledAt: number | null;
  /** Null while a poll is in progress, and if none is planned. */
  readonly nextPollAt: number | null;
  readonly consecutiveFailures: number;
  /** The last failed poll since the last successful one. */
  readonly lastFailure: PollFailure | null;
  /** Null while it is watched. */
  readonly endedBecause: WatchEnd | null;
}

/** Why a poll failed, in words for clients. */
export interface PollFailure {
  readonly code: string;
  readonly message: string;
  /** In ms since the epoch. */
  readonly at: number;
}

/** A watch whose next poll is due. */
export interface DueWatch {
  readonly record: IngestionRecord;
  /** Whether somebody waits for its end, according to the database. */
  readonly isAwaited: boolean;
  readonly consecutiveFailures: number;
}

/** The result of a poll, and when the next one is due. */
export type PollOutcome = {
  readonly ref: RequestRef;
  /** The delay to the next poll if polls are not scarce, in ms. */
  readonly gapMs: number;
  /** The same, if somebody waits for the end of the request. */
  readonly awaitedGapMs: number;
  /** Whether somebody in this process does. */
  readonly isAwaited: boolean;
} & (
  | {
      readonly kind: 'observed';
      /** By the monotonic clock of this process. */
      readonly observedMs: number;
      /** False if it comes from the answer to a start. */
      readonly isPolled: boolean;
    }
  | {
      readonly kind: 'failed';
      /** Including this one. */
      readonly consecutiveFailures: number;
      readonly failure: PollFailure;
      /** How long the upstream asked us to wait, in ms; 0 if it did not. */
      readonly retryAfterMs: number;
      /** The upstream says that it knows no such request. */
      readonly isUnknown: boolean;
    }
);

/**
 * The polls that are due, for all processes on one database. All methods throw {@link LogUnavailableError}.
 *
 * @see docs/adr/0030-what-is-due.md
 */
export interface WatchQueue {
  /**
   * Claim what has been due for longest, at most `limit` polls. Nobody else gets them until they are settled or their
   * calls' deadline has passed.
   *
   * @returns nextInMs - the time until something else is due; infinite if nothing is planned
   */
  claim(limit: number): Promise<{ readonly due: readonly DueWatch[]; readonly nextInMs: number }>;

  /**
   * Record the result of a poll. Background results are gathered for a moment; the promise waits for that.
   *
   * @returns whether the watch has ended, because the upstream has not known the request for long
   */
  settle(outcome: PollOutcome, settling: 'interactive' | 'background'): Promise<'goesOn' | 'ended'>;

  /** Return claimed watches that were not polled: they are due as before. */
  release(refs: readonly RequestRef[]): Promise<void>;

  /**
   * Stop watching a request until somebody starts it, asks about it or subscribes to it.
   *
   * @returns false if it was not watched
   */
  end(ref: RequestRef): Promise<boolean>;

  /** Somebody waits for the end of this request: poll it sooner, even if its watch had ended. */
  prioritize(ref: RequestRef): Promise<void>;

  /** How a request is being watched, by any replica; null if it is not, or is not planned yet. */
  report(ref: RequestRef): Promise<WatchReport | null>;

  /** When it was last observed, from memory; null if the database has to be read. */
  recall(ref: RequestRef): LastObservation | null;

  /** How many requests are watched. */
  count(): Promise<number>;
}

/** The watches: one for each request that is not terminal, however many clients ask. */
export interface Watches extends Pick<WatchQueue, 'report' | 'recall'> {
  /** Append an observation. From now on the request is watched until it is terminal. */
  observe(ref: RequestRef, seen: ReportedState, answers?: StartAnswer): Promise<IngestionRecord>;

  /**
   * Ask the upstream about a request now. Calls in progress are shared.
   *
   * @param caller - who waits for the answer
   * @returns the request as observed, or null if the upstream knows no such request
   * @throws {UpstreamError} the poll failed; a running watch continues
   */
  poll(ref: RequestRef, caller: string): Promise<IngestionRecord | null>;

  /**
   * Stop watching a request until somebody starts it, asks about it or subscribes to it.
   *
   * @returns false if it was not watched
   */
  endWatch(ref: RequestRef): Promise<boolean>;

  /** Whether the upstream said within the last seconds that it does not know this request. */
  isUnknown(ref: RequestRef): boolean;
}

/** Time, so that tests can drive it. */
export interface Clock {
  /** Wall time, in ms since the epoch: to show, to store, or to compare with other machines' stamps. It may jump. */
  now(): number;
  /** In ms since some moment. It never goes back and never jumps, so use it for all measuring. */
  monotonicMs(): number;
  /** Run `task` once after `delayMs`, or soon if that is negative; the returned function cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
}
