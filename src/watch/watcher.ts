import { GatewayError, RequestNotFoundError, UpstreamError } from '../ingestion/gateway-error.js';
import {
  type IngestionRecord,
  type IngestionStatus,
  isTerminal,
  type ReportedState,
  type RequestRef,
  toRequestKey,
} from '../ingestion/ingestion-request.js';
import { type PollPlan, toPollDelayMs } from '../ingestion/poll-plan.js';
import type {
  Clock,
  IngestionLog,
  Upstream,
  Urgency,
  Watches,
  WatchReport,
} from '../ingestion/ports.js';
import type { StartAnswer } from '../ingestion/start-intent.js';
import { type Due, DueQueue } from './due-queue.js';

/** What an operator wants to hear of. */
export interface WatcherEvents {
  /** The upstream went back on a terminal status; nothing was changed. */
  onRegression(ref: RequestRef, known: IngestionStatus, seen: IngestionStatus): void;
  /** A poll failed; the watch goes on, more slowly. */
  onPollFailed(ref: RequestRef, error: unknown, consecutiveFailures: number): void;
}

export interface WatcherOptions {
  readonly upstream: Pick<Upstream, 'status' | 'expedite'>;
  readonly log: Pick<IngestionLog, 'append'>;
  readonly clock: Clock;
  readonly plan: PollPlan;
  readonly events: WatcherEvents;
  /** Gives a number in [0, 1); spreads the polls. */
  readonly random?: () => number;
}

/** The poll loops of this process. */
export interface Watcher extends Watches {
  /** How many requests are being watched. */
  readonly watchCount: number;
  /**
   * Watch requests that were being watched when the process ended, from now on: each within the delay that
   * its age allows, so that they do not all ask at once.
   *
   * Until the last page is read nothing is polled: polls would write to the log that is being read, and with
   * many requests slow the reading down more than they let it get on.
   */
  resume(pages: AsyncIterable<readonly IngestionRecord[]>): Promise<void>;
  /** End every loop; resolves once no poll is under way any more. Nothing is polled afterwards. */
  stop(): Promise<void>;
}

/**
 * One request's poll loop.
 *
 *     (observed, not terminal) ──▶ waiting ──the delay is over, or somebody asks──▶ polling
 *                                     ▲                                               │
 *                                     └─────── an answer, or none: both go on ────────┤
 *                                                                     terminal ──▶ (ended)
 */
interface Watch {
  readonly ref: RequestRef;
  readonly firstObservedAt: number;
  phase: { readonly kind: 'waiting'; readonly nextPoll: Due<Watch> } | { readonly kind: 'polling' };
  intervalMs: number;
  lastObservedAt: number;
  lastPolledAt: number | null;
  consecutiveFailures: number;
  lastFailure: WatchReport['lastFailure'];
}

export function createWatcher({
  upstream,
  log,
  clock,
  plan,
  events,
  random = Math.random,
}: WatcherOptions): Watcher {
  const watches = new Map<string, Watch>();
  /** Polls under way, of watched requests and of those that somebody asks about for the first time. */
  const polls = new Map<string, Promise<IngestionRecord | null>>();
  // A failed poll has been reported by the time it rejects; the loop has nothing to add.
  const nextPolls = new DueQueue<Watch>(
    clock,
    ({ ref }) => void poll(ref, 'background').catch(() => {}),
  );
  let isStopped = false;

  async function observe(
    ref: RequestRef,
    seen: ReportedState,
    answers?: StartAnswer,
  ): Promise<IngestionRecord> {
    const observedAt = clock.now();
    const { kind, record } = await log.append({ ref, seen, observedAt, answers });
    const known = record.state.status;
    if (kind === 'regression') events.onRegression(ref, known, seen.status);
    if (isTerminal(known)) end(ref);
    else succeed(ref, record, observedAt);
    return record;
  }

  function succeed(ref: RequestRef, record: IngestionRecord, observedAt: number): void {
    const key = toRequestKey(ref);
    const watch = watches.get(key);
    if (watch) {
      watch.lastObservedAt = observedAt;
      watch.consecutiveFailures = 0;
      watch.lastFailure = null;
      return;
    }
    if (isStopped) return;
    const begun = begin(record, observedAt);
    // While a poll is under way its own end plans the next one.
    if (!polls.has(key)) waitForNextPoll(begun);
  }

  function begin(
    { ref, firstObservedAt }: Pick<Watch, 'ref' | 'firstObservedAt'>,
    lastObservedAt: number,
  ): Watch {
    const watch: Watch = {
      ref,
      firstObservedAt,
      phase: { kind: 'polling' },
      intervalMs: plan.minMs,
      lastObservedAt,
      lastPolledAt: null,
      consecutiveFailures: 0,
      lastFailure: null,
    };
    watches.set(toRequestKey(ref), watch);
    return watch;
  }

  function waitForNextPoll(watch: Watch, retryAfterMs?: number): void {
    if (isStopped) return;
    watch.intervalMs = nextIntervalMs(watch, retryAfterMs);
    wait(watch, watch.intervalMs);
  }

  function nextIntervalMs(watch: Watch, retryAfterMs?: number): number {
    const { firstObservedAt, consecutiveFailures } = watch;
    const ageMs = clock.now() - firstObservedAt;
    const watchCount = watches.size;
    return toPollDelayMs(plan, { ageMs, consecutiveFailures, watchCount, retryAfterMs }, random);
  }

  function wait(watch: Watch, delayMs: number): void {
    watch.phase = { kind: 'waiting', nextPoll: nextPolls.add(watch, delayMs) };
  }

  function end(ref: RequestRef): void {
    const key = toRequestKey(ref);
    const watch = watches.get(key);
    if (watch?.phase.kind === 'waiting') nextPolls.remove(watch.phase.nextPoll);
    watches.delete(key);
  }

  function poll(ref: RequestRef, urgency: Urgency): Promise<IngestionRecord | null> {
    const key = toRequestKey(ref);
    const underWay = polls.get(key);
    if (underWay) {
      if (urgency === 'interactive') upstream.expedite(ref);
      return underWay;
    }
    if (isStopped) {
      return Promise.reject(
        new UpstreamError('UPSTREAM_UNAVAILABLE', 'The gateway is shutting down. Ask again.'),
      );
    }
    const watch = watches.get(key);
    if (watch?.phase.kind === 'waiting') nextPolls.remove(watch.phase.nextPoll);
    if (watch) watch.phase = { kind: 'polling' };
    // Begun a tick later, so that it cannot end before it is listed as under way.
    const started = Promise.resolve().then(() => ask(ref, urgency));
    polls.set(key, started);
    return started;
  }

  async function ask(ref: RequestRef, urgency: Urgency): Promise<IngestionRecord | null> {
    let retryAfterMs: number | undefined;
    try {
      const seen = await upstream.status(ref, urgency);
      if (seen) return await observe(ref, seen);
      fail(ref, new RequestNotFoundError('The upstream does not know this request any more.'));
      return null;
    } catch (error) {
      if (error instanceof UpstreamError) retryAfterMs = error.retryAfterMs;
      fail(ref, error);
      throw error;
    } finally {
      const key = toRequestKey(ref);
      polls.delete(key);
      const watch = watches.get(key);
      if (watch) {
        watch.lastPolledAt = clock.now();
        waitForNextPoll(watch, retryAfterMs);
      }
    }
  }

  /** @returns null where there is nothing to watch, or it is being watched */
  function takeUp(record: IngestionRecord): Watch | null {
    const { ref, state, changedAt } = record;
    if (isStopped || isTerminal(state.status) || watches.has(toRequestKey(ref))) return null;
    return begin(record, changedAt);
  }

  function fail(ref: RequestRef, error: unknown): void {
    const watch = watches.get(toRequestKey(ref));
    if (!watch || isStopped) return;
    watch.consecutiveFailures += 1;
    watch.lastFailure = {
      code: error instanceof GatewayError ? error.code : 'INTERNAL_SERVER_ERROR',
      message:
        error instanceof GatewayError ? error.message : 'The poll failed inside the gateway.',
      at: clock.now(),
    };
    events.onPollFailed(ref, error, watch.consecutiveFailures);
  }

  return {
    observe,
    poll: (ref) => poll(ref, 'interactive'),
    report(ref) {
      const watch = watches.get(toRequestKey(ref));
      if (!watch) return null;
      const { lastObservedAt, lastPolledAt, intervalMs, consecutiveFailures, lastFailure } = watch;
      const nextPollAt = watch.phase.kind === 'waiting' ? watch.phase.nextPoll.at : null;
      return {
        lastObservedAt,
        lastPolledAt,
        nextPollAt,
        intervalMs,
        consecutiveFailures,
        lastFailure,
      };
    },
    async resume(pages) {
      nextPolls.hold();
      const takenUp: Watch[] = [];
      try {
        for await (const records of pages) {
          for (const record of records) {
            const watch = takeUp(record);
            if (watch) takenUp.push(watch);
          }
        }
      } finally {
        // Only now is it known how many share the polls there may be.
        for (const watch of takenUp) {
          watch.intervalMs = nextIntervalMs(watch);
          wait(watch, Math.round(random() * watch.intervalMs));
        }
        nextPolls.release();
      }
    },
    get watchCount() {
      return watches.size;
    },
    async stop() {
      isStopped = true;
      nextPolls.clear();
      await Promise.allSettled(polls.values());
    },
  };
}
