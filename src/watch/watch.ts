import type { RequestRef } from '../ingestion/ingestion-request.js';
import type { Clock, WatchReport } from '../ingestion/ports.js';
import type { Due, DueQueue } from './due-queue.js';

/**
 * One request's poll loop.
 *
 *     (observed, not terminal) ──▶ waiting ──the delay is over, or somebody asks──▶ polling
 *                                     ▲                                               │
 *                                     └─────── an answer, or none: both go on ────────┤
 *                                                                     terminal ──▶ (ended)
 */
export interface Watch {
  readonly ref: RequestRef;
  /** By the monotonic clock, as far as the wall clock can tell what was before this process. In ms. */
  readonly firstObservedMs: number;
  /** Whether that was by this process, and so is measured. */
  readonly isFirstObservedHere: boolean;
  phase: { readonly kind: 'waiting'; readonly nextPoll: Due<Watch> } | { readonly kind: 'polling' };
  /** The delay that its last poll planned, were polls not scarce. */
  intervalMs: number;
  lastObservedAt: number;
  /** The same by the monotonic clock, in ms; null where it was not observed by this process. */
  lastObservedMs: number | null;
  lastPolledAt: number | null;
  /** Before that, by the monotonic clock in ms, nobody is to ask: the upstream said so, or our own queue. */
  notBeforeMs: number;
  /** Somebody asked lately, and so it is wanted until then, by the monotonic clock. In ms. */
  wantedUntilMs: number;
  consecutiveFailures: number;
  lastFailure: WatchReport['lastFailure'];
}

/** How a request is being watched, for whoever asks now. */
export function toWatchReport(
  watch: Watch,
  clock: Clock,
  queue: Pick<DueQueue<Watch>, 'expectedMs'>,
): WatchReport {
  const { phase, lastObservedAt, lastPolledAt, intervalMs, consecutiveFailures, lastFailure } =
    watch;
  const { lastObservedMs } = watch;
  const nowMs = clock.monotonicMs();
  const nextPollAt =
    phase.kind === 'waiting' ? Math.round(clock.now() + queue.expectedMs(phase.nextPoll)) : null;
  return {
    lastObservedAt,
    observedAgoMs: lastObservedMs === null ? null : nowMs - lastObservedMs,
    lastPolledAt,
    nextPollAt,
    intervalMs,
    consecutiveFailures,
    lastFailure,
  };
}
