import {
  type IngestionRecord,
  type IngestionStatus,
  isTerminal,
  type ReportedState,
  type RequestRef,
  toRequestKey,
} from './ingestion-request.js';
import type { StartAnswer } from './start-intent.js';

/** A place in the log: a positive integer; 0 is before the first transition. */
export type Position = number;

/** An observed change of one request's status, as the log keeps it. */
export interface Transition {
  readonly position: Position;
  readonly ref: RequestRef;
  /** Null for the first observation. */
  readonly from: IngestionStatus | null;
  readonly to: ReportedState;
  /** In ms since the epoch, by the gateway's clock. */
  readonly observedAt: number;
}

/** Whether two transitions are the same, as far as can be told: of one request, to one status, observed at one time. */
export function isSameTransition(a: Transition, b: Transition): boolean {
  return (
    a.position === b.position &&
    toRequestKey(a.ref) === toRequestKey(b.ref) &&
    a.to.status === b.to.status &&
    a.observedAt === b.observedAt
  );
}

/** What an observation means. */
export type StatusChange =
  | { readonly kind: 'transition'; readonly from: IngestionStatus | null }
  | { readonly kind: 'unchanged' }
  /** The upstream contradicts a terminal status. It changes nothing. */
  | { readonly kind: 'regression'; readonly from: IngestionStatus };

/**
 * Decide what an observation means.
 *
 *     (nothing) ──▶ IN_PROGRESS ──▶ SUCCESS | FAILED | ABORTED
 *         └────────────────────────▶ (terminal: no way out)
 *
 * Only a change of status is a transition: a new text or batch id within one status is not.
 *
 * @param known - the status in the log, or null if the request is new
 */
export function observe(known: IngestionStatus | null, seen: IngestionStatus): StatusChange {
  if (known === seen) return { kind: 'unchanged' };
  if (known !== null && isTerminal(known)) return { kind: 'regression', from: known };
  return { kind: 'transition', from: known };
}

/** What was observed of a request. */
export interface Observation {
  readonly ref: RequestRef;
  readonly seen: ReportedState;
  /** In ms since the epoch. */
  readonly observedAt: number;
  /** When it was started through this gateway, as reported by the start. */
  readonly startedAt?: number | undefined;
  /** The start whose answer this is; the log settles it in the same commit. */
  readonly answers?: StartAnswer | undefined;
}

/** The result of an observation: the request's new state, and the transition, if it is one. */
export type ObservationResult = { readonly record: IngestionRecord } & (
  | { readonly kind: 'transition'; readonly transition: Transition }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'regression' }
);

/**
 * Apply an observation to what is known about its request.
 *
 * @param known - null if the request is new
 * @param position - the position that a transition would get
 */
export function applyObservation(
  known: IngestionRecord | null,
  { ref, seen, observedAt, startedAt }: Observation,
  position: Position,
): ObservationResult {
  const observed = observe(known?.state.status ?? null, seen.status);
  const started = known?.startedAt ?? startedAt ?? null;
  if (known && observed.kind !== 'transition') {
    return { kind: observed.kind, record: { ...known, startedAt: started } };
  }
  const from = known?.state.status ?? null;
  return {
    kind: 'transition',
    transition: { position, ref, from, to: seen, observedAt },
    record: {
      ref,
      state: seen,
      startedAt: started,
      firstObservedAt: known?.firstObservedAt ?? observedAt,
      changedAt: observedAt,
      firstPosition: known?.firstPosition ?? position,
    },
  };
}
