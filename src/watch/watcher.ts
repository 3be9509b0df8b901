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
import type {
  CallPurpose,
  Clock,
  DueWatch,
  IngestionLog,
  Upstream,
  Watches,
  WatchQueue,
} from '../ingestion/ports.js';
import { type RunModel, scaleFree } from '../ingestion/run-model.js';
import type { StartAnswer } from '../ingestion/start-intent.js';
import type { Transition } from '../ingestion/transition.js';

/** Events for operators. */
export interface WatcherEvents {
  /** An observation made here was appended to the log. */
  onTransition(transition: Transition, record: IngestionRecord): void;
  /** The upstream contradicted a terminal status; nothing was changed. */
  onRegression(ref: RequestRef, known: IngestionStatus, seen: IngestionStatus): void;
  /** A poll failed; the watch continues, more slowly. */
  onPollFailed(ref: RequestRef, error: unknown, consecutiveFailures: number): void;
  /** The upstream has not known a request for long: it is no longer polled. */
  onForgotten(ref: RequestRef): void;
  /** The queue could not be read or written; it is tried again. */
  onQueueFailed(error: unknown): void;
}

/** When to poll, and how many polls to have in progress. */
export interface WatchPlan extends PollPlan {
  /** While this many polls wait for their turn, or for their results to be recorded, no more are claimed. */
  readonly maxWaitingPolls: number;
}

/** Polls what is due, as one of any number of processes. */
export interface Watcher extends Watches {
  /** Claim due polls from now on. */
  start(): void;
  /** Note that somebody waits for the end of a request, such as a new subscriber. */
  prioritize(ref: RequestRef): void;
  /** Claim nothing more; resolves once no poll is in progress. Unfinished ones are due as before. */
  stop(): Promise<void>;
}

/** The longest pause between two claims, in ms: other processes may have begun to watch something. */
const MAX_SLEEP_MS = 1_000;

/** The shortest pause, so that polls that become due together are claimed together. In ms. */
const MIN_SLEEP_MS = 50;

/** The pause after a poll that failed before it had a turn, as while the circuit is open. In ms. */
const REFUSED_PAUSE_MS = 1_000;

/** Requests with the same `Retry-After` are spread over this share of it. */
const RETRY_SPREAD = 0.2;

/** How long a request that the upstream did not know is not asked about again, in ms: it may be started next. */
const UNKNOWN_FOR_MS = 3_000;

/** The maximum number of these: two MB, and more than can be asked about in that time. */
const MAX_UNKNOWN = 10_000;

/** Whether somebody waits for a result to be recorded. */
type SettleMode = Parameters<WatchQueue['settle']>[1];

/** What is known about a watch when its poll ends. */
type Known = Pick<DueWatch, 'record' | 'isAwaited' | 'consecutiveFailures'>;

/** Build a watcher that polls nothing yet. */
export function createWatcher({
  upstream,
  log,
  queue,
  clock,
  plan,
  modelOf = () => scaleFree,
  isFollowed = () => false,
  events,
  random = Math.random,
}: {
  readonly upstream: Pick<Upstream, 'status' | 'expedite'>;
  readonly log: Pick<IngestionLog, 'append' | 'find'>;
  readonly queue: WatchQueue;
  readonly clock: Clock;
  readonly plan: WatchPlan;
  /** How long the runs of a mapping last; unknown if left out. */
  readonly modelOf?: (mappingId: string) => RunModel;
  /** Whether somebody has subscribed to this request; nobody if left out. */
  readonly isFollowed?: (ref: RequestRef) => boolean;
  readonly events: WatcherEvents;
  /** Returns a number in [0, 1); spreads the polls. */
  readonly random?: () => number;
}): Watcher {
  /** Polls whose results are not in the log yet, of watched requests and of those that somebody asks about. */
  const polls = new Map<string, Promise<IngestionRecord | null>>();
  /** The same, until their results are recorded. */
  const ending = new Map<string, Promise<void>>();
  /**
   * What the upstream did not know a moment ago: a caller who asks about made-up ids costs the upstream one call for
   * each.
   */
  const unknown = new LRUCache<string, true>({
    maxSize: MAX_UNKNOWN,
    sizeCalculation: () => 1,
    ttl: UNKNOWN_FOR_MS,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
  });
  /**
   * How many polls wait for their turn, and for their results to be recorded: if the log is slower than the upstream,
   * it holds them back.
   */
  const waitingFor = { turn: 0, log: 0 };
  let pausedUntilMs = Number.NEGATIVE_INFINITY;
  let nextClaimMs = Number.POSITIVE_INFINITY;
  let cancelClaim = () => {};
  let claiming: Promise<void> = Promise.resolve();
  let phase: 'idle' | 'running' | 'stopped' = 'idle';

  const isRunning = () => phase === 'running';

  /** Claim what is due after this delay, or earlier if that was planned already. */
  function claimIn(delayMs: number): void {
    const atMs = Math.max(clock.monotonicMs() + delayMs, pausedUntilMs);
    if (!isRunning() || atMs >= nextClaimMs) return;
    cancelClaim();
    nextClaimMs = atMs;
    cancelClaim = clock.schedule(Math.max(0, atMs - clock.monotonicMs()), () => {
      nextClaimMs = Number.POSITIVE_INFINITY;
      claiming = claiming.then(claim);
    });
  }

  async function claim(): Promise<void> {
    const limit = plan.maxWaitingPolls - Math.max(waitingFor.turn, waitingFor.log);
    // Whatever stops waiting calls this again.
    if (!isRunning() || limit <= 0) return;
    if (pausedUntilMs > clock.monotonicMs()) return claimIn(0);
    try {
      const { due, nextInMs } = await queue.claim(limit);
      if (!isRunning()) return await queue.release(due.map(({ record }) => record.ref));
      for (const watch of due) {
        // A failed poll has been reported by the time it rejects.
        poll(watch.record.ref, { kind: 'poll' }, watch).catch(() => {});
      }
      const sleepMs = due.length < limit ? nextInMs : MAX_SLEEP_MS;
      claimIn(Math.min(Math.max(sleepMs, MIN_SLEEP_MS), MAX_SLEEP_MS));
    } catch (error) {
      events.onQueueFailed(error);
      claimIn(MAX_SLEEP_MS);
    }
  }

  function endWaiting(what: keyof typeof waitingFor): void {
    waitingFor[what] -= 1;
    if (waitingFor[what] * 2 <= plan.maxWaitingPolls) claimIn(MIN_SLEEP_MS);
  }

  async function append(
    ref: RequestRef,
    seen: ReportedState,
    answers?: StartAnswer,
  ): Promise<IngestionRecord> {
    unknown.delete(toRequestKey(ref));
    const applied = await log.append({ ref, seen, observedAt: clock.now(), answers });
    const { record } = applied;
    const known = record.state.status;
    if (applied.kind === 'transition') events.onTransition(applied.transition, record);
    if (applied.kind === 'regression') events.onRegression(ref, known, seen.status);
    return record;
  }

  async function planNext(
    { record, isAwaited }: Omit<Known, 'consecutiveFailures'>,
    seen: { readonly observedMs: number; readonly isPolled: boolean },
    settling: SettleMode,
  ): Promise<void> {
    if (isTerminal(record.state.status)) return;
    const isAsked = seen.isPolled && settling === 'interactive';
    const planned = toPlanned({ record, isAwaited, consecutiveFailures: 0 }, isAsked);
    try {
      await queue.settle({ ...planned, ...seen, kind: 'observed' }, toSettleMode(settling));
      claimIn(Math.max(planned.gapMs, MIN_SLEEP_MS));
    } catch (error) {
      // The observation is in the log, and the watch is due again when its claim expires.
      events.onQueueFailed(error);
    }
  }

  /** While stopping, recording is awaited. */
  const toSettleMode = (settling: SettleMode) => (isRunning() ? settling : 'interactive');

  function toPlanned({ record, isAwaited, consecutiveFailures }: Known, isAsked: boolean) {
    const { ref, startedAt, firstObservedAt } = record;
    const isAwaitedHere = isAsked || isFollowed(ref);
    const history = {
      runs: modelOf(ref.mappingId),
      // A stamp from a clock that was ahead of this one counts as now.
      ageMs: Math.max(0, clock.now() - (startedAt ?? firstObservedAt)),
      consecutiveFailures,
    };
    const spread = random();
    const toGapMs = (isAwaitedNow: boolean) =>
      toPollDelayMs(plan, { ...history, isAwaited: isAwaitedNow }, () => spread);
    return {
      ref,
      gapMs: toGapMs(isAwaited || isAwaitedHere),
      awaitedGapMs: toGapMs(true),
      isAwaited: isAwaitedHere,
    };
  }

  function poll(
    ref: RequestRef,
    purpose: CallPurpose,
    due: DueWatch | null = null,
  ): Promise<IngestionRecord | null> {
    const key = toRequestKey(ref);
    const underWay = polls.get(key);
    if (underWay) {
      if (purpose.kind !== 'poll') upstream.expedite(ref, purpose.caller);
      return underWay;
    }
    if (phase === 'stopped') {
      return Promise.reject(
        new UpstreamError('UPSTREAM_UNAVAILABLE', 'The gateway is shutting down. Try again.'),
      );
    }
    // Begins a tick later, so that it can't end before it is listed as in progress.
    const started = Promise.resolve().then(() => ask(ref, purpose, due));
    polls.set(key, started);
    const ended = Promise.allSettled([ending.get(key), started]).then(() => {
      if (polls.get(key) === started) polls.delete(key);
      if (ending.get(key) === ended) ending.delete(key);
    });
    ending.set(key, ended);
    return started;
  }

  async function ask(
    ref: RequestRef,
    purpose: CallPurpose,
    due: DueWatch | null,
  ): Promise<IngestionRecord | null> {
    const key = toRequestKey(ref);
    let waitsFor: keyof typeof waitingFor | null = null;
    let hadTurn = false;
    const wait = (what: typeof waitsFor) => {
      if (purpose.kind !== 'poll' || what === waitsFor) return;
      if (waitsFor) endWaiting(waitsFor);
      if (what) waitingFor[what] += 1;
      waitsFor = what;
    };
    const onTurn = () => {
      hadTurn = true;
      wait(null);
    };
    wait('turn');
    try {
      const seen = await upstream.status(ref, purpose, onTurn);
      wait('log');
      const observedMs = clock.monotonicMs();
      if (seen === null) {
        await fail(
          ref,
          new RequestNotFoundError('The upstream no longer knows this request.'),
          due,
        );
        return null;
      }
      const record = await append(ref, seen);
      // The log has it from now on, and anyone who asks now wants the next answer.
      polls.delete(key);
      const isAwaited = due?.isAwaited ?? false;
      await planNext(
        { record, isAwaited },
        { observedMs, isPolled: true },
        due ? 'background' : 'interactive',
      );
      return record;
    } catch (error) {
      wait('log');
      if (due && !hadTurn) pausedUntilMs = clock.monotonicMs() + REFUSED_PAUSE_MS;
      await fail(ref, error, due);
      throw error;
    } finally {
      wait(null);
    }
  }

  async function fail(ref: RequestRef, error: unknown, due: DueWatch | null): Promise<void> {
    try {
      // A poll that only waited for its turn, or was cancelled by a stop, says nothing about the upstream.
      if (error instanceof CallCongestedError || phase === 'stopped') {
        if (due) await queue.release([ref]);
        return;
      }
      const known = due ?? (await findWatched(ref));
      if (!known && error instanceof RequestNotFoundError) unknown.set(toRequestKey(ref), true);
      if (!known || isTerminal(known.record.state.status)) return;
      const consecutiveFailures = known.consecutiveFailures + 1;
      events.onPollFailed(ref, error, consecutiveFailures);
      const isKnownError = error instanceof GatewayError;
      const settled = await queue.settle(
        {
          ...toPlanned({ ...known, consecutiveFailures }, !due),
          kind: 'failed',
          consecutiveFailures,
          failure: {
            code: isKnownError ? error.code : 'INTERNAL_SERVER_ERROR',
            message: isKnownError ? error.message : 'The poll failed inside the gateway.',
            at: clock.now(),
          },
          retryAfterMs: error instanceof UpstreamError ? spreadRetry(error.retryAfterMs ?? 0) : 0,
          isUnknown: error instanceof RequestNotFoundError,
        },
        toSettleMode(due ? 'background' : 'interactive'),
      );
      if (settled === 'ended') events.onForgotten(ref);
    } catch (failure) {
      events.onQueueFailed(failure);
    }
  }

  /** Spread the polls of requests that got the same `Retry-After`. */
  function spreadRetry(retryAfterMs: number): number {
    return Math.round(retryAfterMs * (1 + random() * RETRY_SPREAD));
  }

  async function findWatched(ref: RequestRef): Promise<Known | null> {
    const [[record], report] = await Promise.all([log.find([ref]), queue.report(ref)]);
    if (!record) return null;
    return { record, isAwaited: false, consecutiveFailures: report?.consecutiveFailures ?? 0 };
  }

  return {
    async observe(ref, seen, answers) {
      const observedMs = clock.monotonicMs();
      const record = await append(ref, seen, answers);
      await planNext({ record, isAwaited: false }, { observedMs, isPolled: false }, 'interactive');
      return record;
    },
    poll: (ref, caller) => poll(ref, { kind: 'ask', caller }),
    endWatch: (ref) => queue.end(ref),
    isUnknown: (ref) => unknown.has(toRequestKey(ref)),
    async report(ref) {
      const key = toRequestKey(ref);
      const underWay = ending.get(key);
      const report = polls.has(key) || !underWay ? await queue.report(ref) : null;
      // Include the result of a poll that was answered meanwhile or just before.
      if (!underWay || polls.has(key)) return report;
      await underWay;
      return queue.report(ref);
    },
    recall(ref) {
      const key = toRequestKey(ref);
      return polls.has(key) || !ending.has(key) ? queue.recall(ref) : null;
    },
    prioritize(ref) {
      queue.prioritize(ref).then(() => claimIn(MIN_SLEEP_MS), events.onQueueFailed);
    },
    start() {
      phase = 'running';
      claimIn(0);
    },
    async stop() {
      phase = 'stopped';
      cancelClaim();
      await claiming;
      await Promise.all(ending.values());
    },
  };
}
