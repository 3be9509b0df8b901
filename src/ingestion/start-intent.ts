import type { IngestionRecord, RequestRef } from './ingestion-request.js';

/** How long a key is kept, and how long the gateway tries to resolve a start of unknown outcome, in ms. */
export const START_KEPT_MS = 86_400_000;

/** What a caller asked for. */
export interface StartInput {
  readonly mappingId: string;
  /** How many times to submit a new request when one is ABORTED; for a retry, how many more times. */
  readonly retryOnAbort: number;
}

/** Who asked, and the caller's name for the start, if any. */
export interface StartIdentity {
  /** Null for the anonymous caller. */
  readonly caller: string | null;
  readonly idempotencyKey: string | null;
}

/** A start that is to be recorded. */
export interface NewStart extends StartInput, StartIdentity {
  /** In ms since the epoch. */
  readonly createdAt: number;
}

/** The upstream's answers that name a request. */
export type NamingKind = 'submitted' | 'alreadyInProgress';

/** The upstream's answers that refuse a start. */
export type RefusalKind = 'mappingNotStopped' | 'mappingNotPublished' | 'refused';

/** A start that the upstream refused. `message` is its text. */
export interface RefusedStart {
  readonly kind: RefusalKind;
  readonly message: string;
  readonly settledAt: number;
}

/** A start that led to a request. `message` is the text in which the upstream named the request. */
export interface NamedStart {
  readonly kind: NamingKind;
  readonly ref: RequestRef;
  readonly message: string;
  readonly settledAt: number;
}

/** Replaces the error's code: the upstream accepted the start, but gave it the id of a request that was known before. */
export const REUSED_ID = 'idGivenAgain';

/**
 * A start without an answer. The upstream may have accepted it (`unknown`), or certainly did not and nobody keeps
 * trying (`abandoned`). `code` and `message` are those of the error.
 */
export interface UnansweredStart {
  readonly kind: 'unknown' | 'abandoned';
  readonly code: string;
  readonly message: string;
  readonly settledAt: number;
}

/**
 * How far a start has come.
 *
 *     begin ──▶ sent ──the upstream names a request──▶ submitted | alreadyInProgress
 *                │ ├───the upstream refuses──────────▶ mappingNotStopped | mappingNotPublished | refused
 *                │ ├───certainly not taken───────────▶ (a first try is forgotten, its key free again)
 *                │ └───no answer when it is due──────▶ unknown ──the request is named after all──▶ submitted |
 *                │                                                                       alreadyInProgress
 *     ABORTED ──▶ waiting ──the backoff is over──▶ sent (as above; certainly not taken: back to waiting)
 *                   └──────it was tried too long──▶ abandoned
 *
 * `sent` is recorded before the POST leaves, with the time when the answer is due. So the upstream may have accepted
 * what is `sent`, and certainly did not accept what is `waiting`. A process that receives its answer later still
 * settles what is `unknown` by then.
 */
export type StartState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'sent' }
  | NamedStart
  | RefusedStart
  | UnansweredStart;

/** A start as the log has it. */
export interface StartIntent extends NewStart {
  /** Later starts have higher ids. */
  readonly intentId: number;
  /** 1 for a first try. */
  readonly attempt: number;
  /** The ABORTED request that this one replaces. */
  readonly retryOf: RequestRef | null;
  /** When it was recorded as sent, in ms since the epoch; null while it waits for its first sending. */
  readonly sentAt: number | null;
  readonly state: StartState;
}

/** The upstream's answer that named a request, reported together with the observation of that request. */
export interface StartAnswer {
  readonly intentId: number;
  readonly kind: NamingKind;
  readonly message: string;
}

/** The place of a request among the tries. */
export interface Lineage {
  /** 1 for a first try. */
  readonly attempt: number;
  readonly retryOf: RequestRef | null;
  readonly retriedBy: RequestRef | null;
  /** Who started it; null for the anonymous caller, and if it was not started here. */
  readonly startedBy: string | null;
}

/** The state of a start whose answer nobody received. */
export const lostAnswer = {
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'The gateway did not receive the upstream’s answer.',
} as const;

/** Whether the upstream's answer would still settle a start. */
export function isUnanswered({ state }: Pick<StartIntent, 'state'>): boolean {
  return state.kind === 'sent' || state.kind === 'unknown';
}

/** Whether two calls ask for the same. Only then may they share a key. */
export function isSameInput(a: StartInput, b: StartInput): boolean {
  return a.mappingId === b.mappingId && a.retryOnAbort === b.retryOnAbort;
}

/** A request that was certainly running at some time. Instants in ms since the epoch. */
export interface SeenRunning {
  /** It ran at this time, or began then. */
  readonly since: number;
  /** It was seen running at this time. */
  readonly until: number;
  /** Whether a start of this gateway is known to have begun it. */
  readonly isStartedHere: boolean;
}

/**
 * What a start of unknown outcome led to, judged by a request of its mapping that was seen running; null if that does
 * not settle it.
 *
 * A mapping has one running request at a time. So a request that ran from before the start until after it was given
 * up shows that the start, if it arrived, began nothing. A request that was first seen running after the start, and
 * that no other start of this gateway began, is what the start began, unless somebody else began it outside this
 * gateway; even then it is the mapping's running ingestion. This does not hold if the upstream accepted another start
 * in between: then whatever this start began was over by that time. A start that got a reused id can't be settled:
 * its run is seen, if at all, as the old request.
 *
 * @param unknown - a start in state `unknown`
 * @param isAnotherBetween - the upstream accepted another start after this one and before the request was seen
 */
export function toAdoption(
  { sentAt, state }: StartIntent,
  seen: SeenRunning,
  isAnotherBetween: boolean,
): NamingKind | null {
  if (state.kind !== 'unknown' || sentAt === null) return null;
  if (state.code === REUSED_ID) return null;
  if (seen.since < sentAt) return seen.until >= state.settledAt ? 'alreadyInProgress' : null;
  return seen.isStartedHere || isAnotherBetween ? null : 'submitted';
}

/**
 * The retry to create for an ABORTED request, or null if nobody asked for one.
 *
 * More than one start may have led to this request: the one that allows the most retries counts.
 *
 * @param named - the starts that led to this request
 */
export function toRetry(
  { ref, state }: IngestionRecord,
  named: readonly StartIntent[],
  createdAt: number,
): Omit<StartIntent, 'intentId'> | null {
  if (state.status !== 'ABORTED') return null;
  const asking = named.reduce<StartIntent | null>(
    (most, intent) => (intent.retryOnAbort > (most?.retryOnAbort ?? 0) ? intent : most),
    null,
  );
  return (
    asking && {
      caller: asking.caller,
      idempotencyKey: null,
      mappingId: ref.mappingId,
      retryOnAbort: asking.retryOnAbort - 1,
      attempt: toBeginning(named).attempt + 1,
      retryOf: ref,
      createdAt,
      sentAt: null,
      state: { kind: 'waiting' },
    }
  );
}

/**
 * Which try a request is, and what it retries, according to the starts that led to it. The start that began it
 * decides; if somebody else began it, a retry that led to it does.
 *
 * @param named - the starts that led to this request
 */
export function toBeginning(
  named: readonly StartIntent[],
): Pick<Lineage, 'attempt' | 'retryOf' | 'startedBy'> {
  const own = named.find(({ state }) => state.kind === 'submitted');
  const telling = own ?? named.find(({ retryOf }) => retryOf !== null);
  return {
    attempt: telling?.attempt ?? 1,
    retryOf: telling?.retryOf ?? null,
    startedBy: own?.caller ?? null,
  };
}
