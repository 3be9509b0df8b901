import type {
  AdministeredMapping,
  Changed,
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
import type { Applied, Observation, Position, Transition } from './transition.js';

/**
 * Who waits for the answer to a call: somebody who starts an ingestion, somebody who asks where one stands, or
 * nobody. `caller` tells callers apart, the anonymous ones by their addresses.
 */
export type Waiting =
  | { readonly kind: 'start'; readonly caller: string }
  | { readonly kind: 'ask'; readonly caller: string }
  | { readonly kind: 'poll' };

/** The poll-only API in front of which the gateway stands. */
export interface Upstream {
  /**
   * Ask for an ingestion of the mapping to be started. Sent once, never repeated.
   *
   * @throws {UpstreamError} with `outcomeUnknown` where the upstream may have taken the request
   */
  start(mappingId: string, caller: string): Promise<Submission>;

  /**
   * Ask where a request stands. Repeated where that may help, within one deadline.
   *
   * @param onTurn - called once the call has its turn, before it is sent; each time where it is repeated
   * @returns null where the upstream knows no such request
   * @throws {UpstreamError} no usable answer
   */
  status(ref: RequestRef, waiting: Waiting, onTurn?: () => void): Promise<ReportedState | null>;

  /** This caller waits now for a look-up that is under way: have it go when theirs would. */
  expedite(ref: RequestRef, caller: string): void;

  /**
   * Find out whether the upstream can be reached and would let us in.
   *
   * @throws {UpstreamError} saying why not
   */
  check(): Promise<void>;
}

/** Where the batches behind requests are looked up: Adobe Experience Platform. */
export interface BatchCatalog {
  /**
   * Ask for a batch. Repeated where that may help, within one deadline.
   *
   * @returns null where Platform knows no such batch
   * @throws {PlatformError} no usable answer
   */
  find(batchId: string, caller: string): Promise<IngestionBatch | null>;
}

/**
 * Where mappings are administered: a Campaign service that has such an API. Everything that looks is repeated where
 * that may help; a change is sent once. All throw {@link UpstreamError}; of a change with `outcomeUnknown` where it
 * may have been made.
 */
export interface Administration {
  /** All mappings, in the order of their files. */
  mappings(caller: string): Promise<readonly AdministeredMapping[]>;

  changeMapping(
    mappingId: string,
    change: MappingChange,
    caller: string,
  ): Promise<Changed<AdministeredMapping, MappingRefusal>>;

  /**
   * At most `limit` jobs, newest first.
   *
   * @param after - only those that are older than the job with this id; null for all
   */
  jobs(
    filter: JobFilter,
    after: string | null,
    limit: number,
    caller: string,
  ): Promise<readonly Job[]>;

  /** Null where there is no such job. */
  job(jobId: string, caller: string): Promise<Job | null>;

  /** Cut a job off, and wait until it is over. */
  cancelJob(jobId: string, caller: string): Promise<Changed<Job, JobRefusal>>;

  /** At most `limit` records that a job did not send, in its order, the first `after` of them left out. */
  rejects(jobId: string, after: number, limit: number, caller: string): Promise<readonly Reject[]>;
}

/** Transitions of some mappings, or of all; what is left out does not narrow them. */
export type ActivityScope = MappingScope & {
  /** To one of these. */
  readonly statuses?: readonly IngestionStatus[];
  /** Of requests that this caller started through this gateway, as far as the log knew when it was asked. */
  readonly startedBy?: string;
};

/** Which transitions a reader wants. */
export type Scope = { readonly kind: 'request'; readonly ref: RequestRef } | ActivityScope;

/** Which requests a listing is to have; what is left out does not narrow it. */
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

/** Stands for all that a log has at a moment: the same object as long as nothing of it has changed. */
export type LogState = Readonly<Record<never, never>>;

/** Every transition that was ever observed, in one order. What is in it is never rewritten. */
export interface IngestionLog {
  /**
   * Append the transition that an observation makes of what the log knows, or nothing if it makes none.
   *
   * Safe to repeat: of two observers that saw the same change, one appends. Nobody is told of a
   * transition before it is in the log. In the same commit, the start that the observation answers is
   * settled, starts of unknown outcome that it explains are too, and a request that was ABORTED gets the
   * retry that was asked for, once.
   *
   * @throws {LogUnavailableError} nothing was written
   */
  append(observation: Observation): Promise<Applied>;

  /** What is known of each ref, in their order; null for one never observed. */
  find(refs: readonly RequestRef[]): Promise<readonly (IngestionRecord | null)[]>;

  /**
   * What `find` would give, where that is at hand; null where the log has to be asked. Never older than what
   * listeners were told, and the same object as long as it is the same.
   */
  recall(ref: RequestRef): IngestionRecord | null;

  /** To tell whether anything in the log has changed, as far as listeners were told. */
  state(): LogState;

  /**
   * How long the last runs took, the newest first: from the start, or the first observation where that is not
   * known, to the terminal status. In ms, each above 0.
   *
   * @param mappingId - null for the runs of all mappings
   * @param limit - how many at most
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
   *
   * @param before - only those whose first transition is before this position; null for all
   */
  list(
    filter: RequestFilter,
    before: Position | null,
    limit: number,
  ): Promise<readonly IngestionRecord[]>;

  /**
   * The position of the newest transition of which listeners were told; 0 where there was none. Another process
   * may have appended more, of which they are going to be told.
   */
  head(): Promise<Position>;

  /** The position of the newest transition of these mappings, told or not; 0 where there is none. */
  newest(scope: MappingScope): Promise<Position>;

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

/** What was begun, or what had been begun under this key before. */
export interface Begun {
  readonly kind: 'begun' | 'known';
  readonly intent: StartIntent;
}

/** A retry that waits to be sent. */
export interface WaitingRetry {
  readonly intent: StartIntent;
  /** Null where that is not planned yet. */
  readonly dueInMs: number | null;
}

/**
 * Every start that may have left this gateway, written before it leaves. Answers that name a request are
 * settled by {@link IngestionLog.append}. All throw {@link LogUnavailableError} where nothing was written.
 */
export interface StartLog {
  /**
   * Write down a start that is about to be sent; or find the one that has this key already, of the same
   * caller and not older than it is kept. Of two calls at once, one begins.
   *
   * @param sending - tells this sending from all others
   */
  begin(start: NewStart, sending: string): Promise<Begun>;

  /** Settle a start that came to no request. */
  settle(intentId: number, state: RefusedStart | UnansweredStart): Promise<void>;

  /**
   * This sending came to nothing: the upstream certainly did not take it, or it never left. A first try is
   * forgotten, so that its key is free again; a retry goes back to waiting. So it is also where its outcome was taken
   * for unknown meanwhile; not where the start has been sent again since.
   */
  takeBack(intentId: number, sending: string): Promise<void>;

  /**
   * How a request stood, as far as the log knew, before a start was sent; null where it was not known then. One
   * that was known is not what the start began, and one that was over is not what was running when the start
   * arrived, whatever the upstream says.
   */
  statusBefore(intentId: number, ref: RequestRef): Promise<IngestionStatus | null>;

  /**
   * Settle a start of unknown outcome, where what was seen of its mapping tells what it came to.
   *
   * @param running - requests of its mapping that the upstream says are running at this time
   * @param now - that time, in ms since the epoch
   * @returns the start as it stands then
   * @throws {StartForgottenError} it was taken back meanwhile
   */
  lookInto(intentId: number, running: readonly RequestRef[], now: number): Promise<StartIntent>;

  /**
   * Settle as unknown the starts whose answers are overdue, whoever sent them. A process that hears one late, after
   * all, still settles its start as the answer says.
   *
   * @param now - in ms since the epoch
   * @returns them, oldest first
   */
  settleOverdue(now: number): Promise<readonly StartIntent[]>;

  /** How long the answer to a start may still take, in ms: 0 where it is overdue, null where none is waited for. */
  answerDueInMs(intentId: number): Promise<number | null>;

  /**
   * Retries that wait to be sent, oldest first: those that were written down after the start with this id, and those
   * that are due within this time.
   */
  waitingRetries(newerThan: number, withinMs: number): Promise<readonly WaitingRetry[]>;

  /** Have a retry that waits be due after this. */
  putOff(intentId: number, pauseMs: number): Promise<void>;

  /**
   * Write down that a waiting retry is about to be sent.
   *
   * @param now - in ms since the epoch
   * @returns false where it does not wait any more, or was put off: then it is not to be sent
   */
  markSent(intentId: number, sending: string, now: number): Promise<boolean>;

  /** Where each of these requests stands among tries, in their order. */
  lineages(refs: readonly RequestRef[]): Promise<readonly Lineage[]>;

  /**
   * Forget starts that came to no request and were begun before an instant.
   *
   * @param before - in ms since the epoch; at least as long ago as keys are kept
   * @param limit - how many at most, so that nobody has to wait for long
   * @returns how many were forgotten
   */
  prune(before: number, limit: number): Promise<number>;
}

/** Why a request is watched no longer, though it is not terminal. */
export type WatchEnd = 'FORGOTTEN_UPSTREAM' | 'ENDED_BY_OPERATOR';

/** How one request is being watched. Instants in ms since the epoch. */
export interface WatchReport {
  /** When the upstream last answered a poll with a status. */
  readonly lastObservedAt: number | null;
  /** How long ago that is, in ms, as it was measured; null where that cannot be told. */
  readonly observedAgoMs: number | null;
  /** When a poll last ended, well or not. */
  readonly lastPolledAt: number | null;
  /** Null while a poll is under way, and where none is to come. */
  readonly nextPollAt: number | null;
  /** The delay between polls that is in force. */
  readonly intervalMs: number;
  readonly consecutiveFailures: number;
  /** The last failed poll since the last good one. */
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
  /** Whether somebody waits for its end, as far as is known in the database. */
  readonly isWanted: boolean;
  readonly consecutiveFailures: number;
}

/** What came of a poll, and when the next one is to be. */
export type PollOutcome = {
  readonly ref: RequestRef;
  /** The delay to the next poll where nothing is scarce, in ms. */
  readonly gapMs: number;
  /** The same, were somebody waiting for the end of the request. */
  readonly wantedGapMs: number;
  /** Whether somebody does, here. */
  readonly isWanted: boolean;
} & (
  | {
      readonly kind: 'observed';
      /** By the monotonic clock of this process. */
      readonly observedMs: number;
      /** False where the answer to a start told it. */
      readonly isPolled: boolean;
    }
  | {
      readonly kind: 'failed';
      /** This one among them. */
      readonly consecutiveFailures: number;
      readonly failure: PollFailure;
      /** How long the upstream asked to be left alone, in ms; 0 where it did not. */
      readonly retryAfterMs: number;
      /** The upstream says that it knows no such request. */
      readonly isUnknown: boolean;
    }
);

/**
 * What is due, of all processes on one database. All throw {@link LogUnavailableError}.
 *
 * @see docs/adr/0030-what-is-due.md
 */
export interface WatchQueue {
  /**
   * Take what has been due for longest, at most `limit` of it. Nobody else is given it until it is settled, or
   * its call’s deadline has passed.
   *
   * @returns nextInMs - until something else is due; infinite where nothing is planned
   */
  claim(limit: number): Promise<{ readonly due: readonly DueWatch[]; readonly nextInMs: number }>;

  /**
   * Write down what came of a poll. What is in the background is gathered for a moment; the promise waits for it.
   *
   * @returns whether the watch has ended with it, as the upstream has not known the request for long
   */
  settle(outcome: PollOutcome, settling: 'interactive' | 'background'): Promise<'goesOn' | 'ended'>;

  /** These were taken and not polled: they are due as before. */
  release(refs: readonly RequestRef[]): Promise<void>;

  /**
   * Watch this no longer, until somebody starts it, asks for it or subscribes to it.
   *
   * @returns false where it was not watched
   */
  end(ref: RequestRef): Promise<boolean>;

  /** Somebody waits for the end of this: have it polled sooner, also where its watch had ended. */
  want(ref: RequestRef): Promise<void>;

  /** How a request is being watched; null where it is not, or not planned yet. */
  report(ref: RequestRef): Promise<WatchReport | null>;

  /** The same, where that is at hand; null where it has to be asked for. */
  recall(ref: RequestRef): WatchReport | null;

  /** How many requests are watched. */
  count(): Promise<number>;
}

/** The watches: one per request that is not terminal, whoever asks and however many. */
export interface Watches {
  /** Append what was seen; from now on the request is watched until it is terminal. */
  observe(ref: RequestRef, seen: ReportedState, answers?: StartAnswer): Promise<IngestionRecord>;

  /**
   * Ask the upstream about a request now; a call already under way is shared.
   *
   * @param caller - who waits for it
   * @returns the request as it stands then, or null where the upstream knows no such request
   * @throws {UpstreamError} the poll failed; a running watch goes on
   */
  poll(ref: RequestRef, caller: string): Promise<IngestionRecord | null>;

  /**
   * Watch a request no longer, until somebody starts it, asks for it or subscribes to it.
   *
   * @returns false where it was not watched
   */
  endWatch(ref: RequestRef): Promise<boolean>;

  /** Whether the upstream said within the last seconds that it knows no such request. */
  isUnknown(ref: RequestRef): boolean;

  /** How a request is being watched, by whichever replica; null where it is not. */
  report(ref: RequestRef): Promise<WatchReport | null>;

  /** The same, where that is at hand; null where it has to be asked for. */
  recall(ref: RequestRef): WatchReport | null;
}

/** Time, so that tests can drive it. */
export interface Clock {
  /** Wall time, in ms since the epoch: to be shown, stored, or compared with what others stamped. It may jump. */
  now(): number;
  /** In ms since some moment; never goes back and never jumps: whatever is measured, is measured with this. */
  monotonicMs(): number;
  /** Run `task` once after `delayMs`; the returned function calls it off. */
  schedule(delayMs: number, task: () => void): () => void;
}
