import { LRUCache } from 'lru-cache';
import {
  CallCongestedError,
  GatewayError,
  RequestNotFoundError,
  UpstreamError,
} from '../ingestion/gateway-error.js';
import {
  type IngestionRecord,
  type IngestionStatus,
  isTerminal,
  type ReportedState,
  type RequestRef,
  toRequestKey,
} from '../ingestion/ingestion-request.js';
import { type PollPlan, toPollDelayMs } from '../ingestion/poll-plan.js';
import type { Clock, IngestionLog, Upstream, Waiting, Watches } from '../ingestion/ports.js';
import type { Handover, ReportedWatch, WatchLeases } from '../ingestion/replica-ports.js';
import { type RunModel, scaleFree } from '../ingestion/run-model.js';
import type { StartAnswer } from '../ingestion/start-intent.js';
import type { Transition } from '../ingestion/transition.js';
import { DueQueue } from './due-queue.js';
import { toWatchReport, type Watch } from './watch.js';

/** For so long a request that the upstream did not know is not asked about again, in ms: it may be started next. */
const UNKNOWN_FOR_MS = 3_000;

/** Of so many at most: two MB, and more than the upstream can be asked about in that time. */
const MAX_UNKNOWN = 10_000;

/** What an operator wants to hear of. */
export interface WatcherEvents {
  /**
   * What was observed here made the log grow.
   *
   * @param watchedMs - how long ago the request was first observed, as it was measured; null where that was not
   *   by this process
   */
  onTransition(transition: Transition, record: IngestionRecord, watchedMs: number | null): void;
  /** The upstream went back on a terminal status; nothing was changed. */
  onRegression(ref: RequestRef, known: IngestionStatus, seen: IngestionStatus): void;
  /** A poll failed; the watch goes on, more slowly. */
  onPollFailed(ref: RequestRef, error: unknown, consecutiveFailures: number): void;
}

/** When to poll, and how many polls at a time. */
export interface WatchPlan extends PollPlan {
  /** While so many polls wait for their turn, no other is due: all gaps stretch by the same factor. */
  readonly maxWaitingPolls: number;
}

/** Who has asked about a request waits for its end for so long, in ms. */
const WANTED_MS = 120_000;

/** Those who were told to come back after the same time spread after it, by up to so much of it. */
const RETRY_SPREAD = 0.2;

/** What a watcher needs. */
export interface WatcherOptions {
  readonly upstream: Pick<Upstream, 'status' | 'expedite'>;
  readonly log: Pick<IngestionLog, 'append'>;
  readonly clock: Clock;
  readonly plan: WatchPlan;
  /** How long the runs of a mapping last; unknown where it is left out. */
  readonly modelOf?: (mappingId: string) => RunModel;
  /** Whether somebody has subscribed to this request; nobody where it is left out. */
  readonly isFollowed?: (ref: RequestRef) => boolean;
  /** Who else watches. */
  readonly leases: WatchLeases;
  readonly events: WatcherEvents;
  /** Gives a number in [0, 1); spreads the polls. */
  readonly random?: () => number;
}

/** The poll loops of this process. */
export interface Watcher extends Watches {
  /** Take note that somebody waits for the end of a request, as who has just subscribed to it. */
  want(ref: RequestRef): void;
  /** How many requests are being watched. */
  readonly watchCount: number;
  /**
   * Watch requests that were being watched before, by a process that ended or by another replica. One of
   * which it is known how it was watched is polled when it would have been; the others each within the delay
   * that its age allows, so that they do not all ask at once.
   *
   * Until the last page is read nothing is polled: polls would write to the log that is being read, and with
   * many requests slow the reading down more than they let it get on.
   */
  resume(pages: AsyncIterable<readonly Handover[]>): Promise<void>;
  /** Take note that a request is over, whoever saw it. */
  end(ref: RequestRef): void;
  /** Watch these no longer, though they are not over: they are others’. A poll under way is not called off. */
  letGo(refs: Iterable<RequestRef>): void;
  /** The loops that are not in the middle of a poll, those with the longest to wait first. */
  idle(): readonly ReportedWatch[];
  /** What changed in how requests are watched since this was asked last. */
  takeChanges(): readonly ReportedWatch[];
  /** All that are being watched. */
  refs(): RequestRef[];
  /** End every loop; resolves once no poll is under way any more. Nothing is polled afterwards. */
  stop(): Promise<void>;
}

/** Build a watcher that watches nothing yet. */
export function createWatcher({
  upstream,
  log,
  clock,
  plan,
  modelOf = () => scaleFree,
  isFollowed = () => false,
  leases,
  events,
  random = Math.random,
}: WatcherOptions): Watcher {
  const watches = new Map<string, Watch>();
  /** Whose reports are to be written down, where other replicas read them. */
  const changed = new Set<Watch>();
  /** Whose watches are being asked for. */
  const claiming = new Set<string>();
  /** Polls under way, of watched requests and of those that somebody asks about for the first time. */
  const polls = new Map<string, Promise<IngestionRecord | null>>();
  // A failed poll has been reported by the time it rejects; the loop has nothing to add.
  const nextPolls = new DueQueue<Watch>(clock, (watch) => {
    // A process that wakes from a freeze comes here before it hears whose the watch is by now.
    if (leases.isInForce()) void poll(watch.ref, { kind: 'poll' }).catch(() => {});
    else wait(watch, watch.intervalMs);
  });
  /** Polls that wait for their turn; while there are enough of them, the queue is held. */
  let waitingPolls = 0;
  let isCrowded = false;
  /** What the upstream did not know a moment ago: who asks for made-up ids costs it one call for each. */
  const unknown = new LRUCache<string, true>({
    max: MAX_UNKNOWN,
    ttl: UNKNOWN_FOR_MS,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
  });
  let isStopped = false;

  function countWaiting(change: 1 | -1): void {
    waitingPolls += change;
    const isEnough = waitingPolls >= plan.maxWaitingPolls;
    if (isEnough === isCrowded) return;
    isCrowded = isEnough;
    if (isCrowded) nextPolls.hold();
    else nextPolls.release();
  }

  async function observe(
    ref: RequestRef,
    seen: ReportedState,
    answers?: StartAnswer,
  ): Promise<IngestionRecord> {
    const observedAt = clock.now();
    const observedMs = clock.monotonicMs();
    unknown.delete(toRequestKey(ref));
    const watch = watches.get(toRequestKey(ref));
    const watchedMs = watch?.isFirstObservedHere ? observedMs - watch.firstObservedMs : null;
    const applied = await log.append({ ref, seen, observedAt, answers });
    const { record } = applied;
    const known = record.state.status;
    if (applied.kind === 'transition') events.onTransition(applied.transition, record, watchedMs);
    if (applied.kind === 'regression') events.onRegression(ref, known, seen.status);
    if (isTerminal(known)) end(ref);
    else await succeed(ref, record, observedAt, observedMs);
    return record;
  }

  async function succeed(
    ref: RequestRef,
    record: IngestionRecord,
    observedAt: number,
    observedMs: number,
  ): Promise<void> {
    const key = toRequestKey(ref);
    const watch = watches.get(key);
    if (watch) {
      watch.lastObservedAt = observedAt;
      watch.lastObservedMs = observedMs;
      watch.consecutiveFailures = 0;
      watch.lastFailure = null;
      changed.add(watch);
      return;
    }
    if (isStopped) return;
    claiming.add(key);
    const isOurs = await leases.claim(ref);
    // It may have ended meanwhile, or be watched since another call asked for it.
    if (!claiming.delete(key) || !isOurs || isStopped || watches.has(key)) return;
    const begun = begin(record, observedAt, observedMs);
    // While a poll is under way its own end plans the next one.
    if (!polls.has(key)) waitForNextPoll(begun);
  }

  function begin(
    { ref, firstObservedAt }: Pick<IngestionRecord, 'ref' | 'firstObservedAt'>,
    lastObservedAt: number,
    lastObservedMs: number | null,
  ): Watch {
    const isFirstObservedHere = lastObservedMs !== null && lastObservedAt === firstObservedAt;
    // What was stamped by a clock that was ahead of this one is new.
    const ageMs = Math.max(0, clock.now() - firstObservedAt);
    const watch: Watch = {
      ref,
      firstObservedMs: isFirstObservedHere ? lastObservedMs : clock.monotonicMs() - ageMs,
      isFirstObservedHere,
      phase: { kind: 'polling' },
      intervalMs: plan.minMs,
      lastObservedAt,
      lastObservedMs,
      lastPolledAt: null,
      notBeforeMs: Number.NEGATIVE_INFINITY,
      wantedUntilMs: Number.NEGATIVE_INFINITY,
      consecutiveFailures: 0,
      lastFailure: null,
    };
    watches.set(toRequestKey(ref), watch);
    return watch;
  }

  function waitForNextPoll(watch: Watch, retryAfterMs?: number): void {
    if (isStopped) return;
    watch.intervalMs = nextIntervalMs(watch);
    const heldBackMs = Math.round((retryAfterMs ?? 0) * (1 + random() * RETRY_SPREAD));
    watch.notBeforeMs = clock.monotonicMs() + heldBackMs;
    wait(watch, Math.max(watch.intervalMs, heldBackMs));
  }

  function nextIntervalMs({
    ref,
    firstObservedMs,
    wantedUntilMs,
    consecutiveFailures,
  }: Watch): number {
    const nowMs = clock.monotonicMs();
    const isWanted = wantedUntilMs > nowMs || isFollowed(ref);
    const history = {
      runs: modelOf(ref.mappingId),
      ageMs: nowMs - firstObservedMs,
      isWanted,
      consecutiveFailures,
    };
    return toPollDelayMs(plan, history, random);
  }

  /** Somebody waits for it from now on: its next poll may come sooner than it was planned. */
  function want(ref: RequestRef): void {
    const watch = watches.get(toRequestKey(ref));
    if (!watch) return;
    const wasWanted = watch.wantedUntilMs > clock.monotonicMs();
    watch.wantedUntilMs = clock.monotonicMs() + WANTED_MS;
    if (wasWanted || watch.phase.kind !== 'waiting' || watch.consecutiveFailures > 0) return;
    if (watch.notBeforeMs > clock.monotonicMs()) return;
    const intervalMs = nextIntervalMs(watch);
    if (intervalMs >= nextPolls.leftMs(watch.phase.nextPoll)) return;
    nextPolls.remove(watch.phase.nextPoll);
    watch.intervalMs = intervalMs;
    wait(watch, intervalMs);
  }

  function wait(watch: Watch, delayMs: number): void {
    watch.phase = { kind: 'waiting', nextPoll: nextPolls.add(watch, delayMs) };
    changed.add(watch);
  }

  function end(ref: RequestRef): void {
    const key = toRequestKey(ref);
    claiming.delete(key);
    const watch = watches.get(key);
    if (!watch) return;
    if (watch.phase.kind === 'waiting') nextPolls.remove(watch.phase.nextPoll);
    watches.delete(key);
    changed.delete(watch);
  }

  function poll(ref: RequestRef, waiting: Waiting): Promise<IngestionRecord | null> {
    const key = toRequestKey(ref);
    const underWay = polls.get(key);
    if (underWay) {
      if (waiting.kind !== 'poll') upstream.expedite(ref, waiting.caller);
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
    const started = Promise.resolve().then(() => ask(ref, waiting));
    polls.set(key, started);
    return started;
  }

  async function ask(ref: RequestRef, waiting: Waiting): Promise<IngestionRecord | null> {
    let retryAfterMs: number | undefined;
    let isCongested = false;
    let isInQueue = waiting.kind === 'poll';
    if (isInQueue) countWaiting(1);
    const onTurn = () => {
      if (isInQueue) countWaiting(-1);
      isInQueue = false;
    };
    try {
      const seen = await upstream.status(ref, waiting, onTurn);
      if (seen) return await observe(ref, seen);
      // It may have been observed while the upstream was asked.
      if (!watches.has(toRequestKey(ref))) unknown.set(toRequestKey(ref), true);
      fail(ref, new RequestNotFoundError('The upstream does not know this request any more.'));
      return null;
    } catch (error) {
      if (error instanceof UpstreamError) retryAfterMs = error.retryAfterMs;
      // Then there was no poll, and nothing that failed.
      isCongested = error instanceof CallCongestedError;
      if (!isCongested) fail(ref, error);
      throw error;
    } finally {
      onTurn();
      const key = toRequestKey(ref);
      polls.delete(key);
      const watch = watches.get(key);
      if (watch) {
        if (!isCongested) watch.lastPolledAt = clock.now();
        waitForNextPoll(watch, retryAfterMs);
      }
    }
  }

  /** @returns null where there is nothing to watch, or it is being watched */
  function takeUp({ record, report }: Handover): Watch | null {
    const { ref, state, changedAt } = record;
    if (isStopped || isTerminal(state.status) || watches.has(toRequestKey(ref))) return null;
    const agoMs = report?.observedAgoMs ?? null;
    const observedMs = agoMs === null ? null : clock.monotonicMs() - agoMs;
    const watch = begin(record, report?.lastObservedAt ?? changedAt, observedMs);
    if (report) {
      const { lastPolledAt, intervalMs, consecutiveFailures, lastFailure } = report;
      Object.assign(watch, { lastPolledAt, intervalMs, consecutiveFailures, lastFailure });
    }
    return watch;
  }

  function waitAsBefore(watch: Watch, nextPollAt: number | null): void {
    if (nextPollAt !== null) {
      const leftMs = nextPollAt - clock.now();
      // What is overdue comes as spread as it would have been.
      const delayMs = leftMs >= 0 ? leftMs : random() * -leftMs;
      wait(watch, Math.round(Math.min(delayMs, watch.intervalMs)));
      return;
    }
    watch.intervalMs = nextIntervalMs(watch);
    wait(watch, Math.round(random() * watch.intervalMs));
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

  function toReported(watch: Watch): ReportedWatch {
    return { ref: watch.ref, report: toWatchReport(watch, clock, nextPolls) };
  }

  return {
    observe,
    poll(ref, caller) {
      want(ref);
      return poll(ref, { kind: 'ask', caller });
    },
    want,
    isUnknown: (ref) => unknown.has(toRequestKey(ref)),
    async report(ref) {
      const key = toRequestKey(ref);
      want(ref);
      const elsewhere = watches.has(key) ? null : await leases.findReport(ref);
      // It may have begun to be watched here while the others were asked.
      const watch = watches.get(key);
      return watch ? toWatchReport(watch, clock, nextPolls) : elsewhere;
    },
    async resume(pages) {
      nextPolls.hold();
      const takenUp: [Watch, nextPollAt: number | null][] = [];
      try {
        for await (const handovers of pages) {
          for (const handover of handovers) {
            const watch = takeUp(handover);
            if (watch) takenUp.push([watch, handover.report?.nextPollAt ?? null]);
          }
        }
      } finally {
        // Only now is it known how many share the polls there may be.
        for (const [watch, nextPollAt] of takenUp) waitAsBefore(watch, nextPollAt);
        nextPolls.release();
      }
    },
    end,
    letGo(refs) {
      for (const ref of refs) end(ref);
    },
    idle() {
      const waiting = [...watches.values()].flatMap((watch) =>
        watch.phase.kind === 'waiting' ? [{ watch, at: watch.phase.nextPoll.at }] : [],
      );
      return waiting.sort((a, b) => b.at - a.at).map(({ watch }) => toReported(watch));
    },
    takeChanges() {
      const taken = [...changed].map(toReported);
      changed.clear();
      return taken;
    },
    refs: () => Array.from(watches.values(), ({ ref }) => ref),
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
