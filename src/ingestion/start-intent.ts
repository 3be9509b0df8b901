import type { IngestionRecord, RequestRef } from './ingestion-request.js';

/** How long a key is kept, and how long the gateway goes on looking for what a start of unknown outcome came to, in ms. */
export const START_KEPT_MS = 86_400_000;

/** What a caller asked for. */
export interface StartInput {
  readonly mappingId: string;
  /** How many times a new request may be submitted when one is ABORTED; of a retry, how many more times. */
  readonly retryOnAbort: number;
}

/** Who asked, and the name that the caller gave the start, if any. */
export interface StartIdentity {
  /** Null for the anonymous caller. */
  readonly caller: string | null;
  readonly idempotencyKey: string | null;
}

/** A start that is to be. */
export interface NewStart extends StartInput, StartIdentity {
  /** In ms since the epoch. */
  readonly createdAt: number;
}

/** The answers of the upstream that name a request. */
export type NamingKind = 'submitted' | 'alreadyInProgress';

/** The answers of the upstream that refuse a start. */
export type RefusalKind = 'mappingNotStopped' | 'mappingNotPublished' | 'refused';

/** A start that the upstream would not have. `message` is its text. */
export interface RefusedStart {
  readonly kind: RefusalKind;
  readonly message: string;
  readonly settledAt: number;
}

/** A start that came to a request. `message` is the text of the upstream in which it named the request. */
export interface NamedStart {
  readonly kind: NamingKind;
  readonly ref: RequestRef;
  readonly message: string;
  readonly settledAt: number;
}

/** In place of the error’s code: the upstream took the start, and named it by the id of a request that was known before. */
export const ID_GIVEN_AGAIN = 'idGivenAgain';

/**
 * A start without an answer: the upstream may have taken it (`unknown`), or it certainly never did and nobody
 * goes on trying (`abandoned`). `code` and `message` are those of the error.
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
 * `sent` is written before the POST leaves, with when the answer is due. So what is `sent` may have been taken, and
 * what is `waiting` certainly was not. A process that hears its answer later still settles what is `unknown` since.
 */
export type StartState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'sent' }
  | NamedStart
  | RefusedStart
  | UnansweredStart;

/** A start as the log has it. */
export interface StartIntent extends NewStart {
  /** Later starts have higher ones. */
  readonly intentId: number;
  /** 1 for a first try. */
  readonly attempt: number;
  /** The ABORTED request that this one is to replace. */
  readonly retryOf: RequestRef | null;
  /** When it was written down as being sent, in ms since the epoch; null while it waits for the first time. */
  readonly sentAt: number | null;
  readonly state: StartState;
}

/** The answer of the upstream that named a request, told together with the observation that it is. */
export interface StartAnswer {
  readonly intentId: number;
  readonly kind: NamingKind;
  readonly message: string;
}

/** Where a request stands among tries. */
export interface Lineage {
  /** 1 for a first try. */
  readonly attempt: number;
  readonly retryOf: RequestRef | null;
  readonly retriedBy: RequestRef | null;
  /** Who started it; null for the anonymous caller, and where it was not started here. */
  readonly startedBy: string | null;
}

/** Of a start whose answer nobody has heard. */
export const neverHeard = {
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'The gateway did not hear the upstream’s answer.',
} as const;

/** Whether the upstream's answer would still tell what became of a start. */
export function isUnanswered({ state }: Pick<StartIntent, 'state'>): boolean {
  return state.kind === 'sent' || state.kind === 'unknown';
}

/** Whether two calls ask for the same: only then may they share a key. */
export function isSameInput(a: StartInput, b: StartInput): boolean {
  return a.mappingId === b.mappingId && a.retryOnAbort === b.retryOnAbort;
}

/** A request of which it is known that it was running at some time. Instants in ms since the epoch. */
export interface SeenRunning {
  /** It ran at this time, or began then. */
  readonly since: number;
  /** It was seen running at this time. */
  readonly until: number;
  /** Whether a start of this gateway is known to have begun it. */
  readonly isStartedHere: boolean;
}

/**
 * What a start of unknown outcome came to, judged by a request of its mapping that was seen running; null
 * where that does not tell.
 *
 * A mapping is ingested by one request at a time. So a request that ran from before the start until after it
 * was given up shows that the start, if it arrived, began nothing. One that was first seen running after the
 * start, which no other start of this gateway began, is what the start began, unless somebody else began it
 * past this gateway; then it is still the ingestion of this mapping that runs. That is not so where the
 * upstream took another start in between: then what this one began, if anything, was over by that time. Of one
 * that was named by an id given again nothing tells: what it began is seen, if at all, as the old request.
 *
 * @param unknown - a start in state `unknown`
 * @param isAnotherBetween - the upstream took another start after this one and before the request was seen
 */
export function toAdoption(
  { sentAt, state }: StartIntent,
  seen: SeenRunning,
  isAnotherBetween: boolean,
): NamingKind | null {
  if (state.kind !== 'unknown' || sentAt === null) return null;
  if (state.code === ID_GIVEN_AGAIN) return null;
  if (seen.since < sentAt) return seen.until >= state.settledAt ? 'alreadyInProgress' : null;
  return seen.isStartedHere || isAnotherBetween ? null : 'submitted';
}

/**
 * The retry that an ABORTED request is to have, or null where nobody asked for one.
 *
 * More than one start may have been answered with this request: the one that allows most retries is followed.
 *
 * @param named - the starts that were answered with this request
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
 * Which try a request is, and of what, told by the starts that were answered with it. The one that began it
 * says so; where somebody else began it, a retry that was answered with it does.
 *
 * @param named - the starts that were answered with this request
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
