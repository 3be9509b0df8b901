import type { RequestRef } from '../ingestion/ingestion-request.js';
import type { WatchReport } from '../ingestion/ports.js';
import type { Due } from './due-queue.js';

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
  readonly firstObservedAt: number;
  phase: { readonly kind: 'waiting'; readonly nextPoll: Due<Watch> } | { readonly kind: 'polling' };
  intervalMs: number;
  lastObservedAt: number;
  lastPolledAt: number | null;
  consecutiveFailures: number;
  lastFailure: WatchReport['lastFailure'];
}

/** How a request is being watched, for whoever asks. */
export function toWatchReport(watch: Watch): WatchReport {
  const { phase, lastObservedAt, lastPolledAt, intervalMs, consecutiveFailures, lastFailure } =
    watch;
  const nextPollAt = phase.kind === 'waiting' ? phase.nextPoll.at : null;
  return {
    lastObservedAt,
    lastPolledAt,
    nextPollAt,
    intervalMs,
    consecutiveFailures,
    lastFailure,
  };
}
