import { CommitUncertainError, UpstreamError } from '../ingestion/gateway-error.js';
import type { Clock, StartLog } from '../ingestion/ports.js';
import type { StartIntent } from '../ingestion/start-intent.js';
import type { Submitter } from '../ingestion/submitter.js';

/** The longest pause between two tries to submit one retry, in ms. */
const MAX_BACKOFF_MS = 300_000;

/** A retry that the upstream does not take is tried again for so long after the ABORTED was seen, in ms. */
const GIVE_UP_AFTER_MS = 3_600_000;

/** Up to so much of a pause is added to it, so that requests aborted together are not all submitted at once. */
const JITTER = 0.2;

/** Retries are a caller of their own: nobody waits for them, and they take turns with those who start. */
const RETRIES = 'retries';

/** What an operator wants to hear of. */
export interface RetrierEvents {
  /** A retry came to this; `notTaken` is tried again. */
  onTried(
    intent: StartIntent,
    outcome: 'taken' | 'refused' | 'notTaken' | 'unknown' | 'abandoned',
    error: unknown,
  ): void;
  /** The log could not be asked or written; what was to be done is found again. */
  onFailed(error: unknown): void;
}

/** What a retrier needs. */
export interface RetrierOptions {
  readonly starts: Pick<StartLog, 'waitingRetries' | 'send' | 'settle' | 'lookInto'>;
  readonly submitter: Pick<Submitter, 'submit' | 'keepAnswer' | 'callOff'>;
  readonly clock: Clock;
  /** How long the first retry of a request waits, in ms; each further one twice as long. */
  readonly backoffMs: number;
  readonly events: RetrierEvents;
  /** Gives a number in [0, 1); spreads the retries. */
  readonly random?: () => number;
}

/** Submits the retries that the log says are to be. */
export interface Retrier {
  /** Look for retries that were written down since the last look, and see to them. Shared by those who ask at once. */
  look(): Promise<void>;
  /** Look for all that wait, also for those that others would have seen to. */
  lookAtAll(): Promise<void>;
  /** Submit nothing more; resolves once no submission is under way. */
  stop(): Promise<void>;
}

/**
 * One retry, from its place in the log to its end there:
 *
 *     scheduled ──the backoff is over──▶ marked as sent in the log ──▶ submitting ──taken, refused──▶ (done)
 *        ▲                                         │ not any more: (done)    │ └──unknown──────────▶ (done)
 *        └──────────────── certainly not taken, not for too long ────────────┘
 *
 * Who marks it as sent submits it, so a retry is submitted once however many look. One that was marked by a
 * process that ended may have been submitted, and is nobody’s to submit again.
 */
export function createRetrier({
  starts,
  submitter,
  clock,
  backoffMs,
  events,
  random = Math.random,
}: RetrierOptions): Retrier {
  /** What is seen to, by intent: how to call it off while it waits. */
  const scheduled = new Map<number, () => void>();
  /** When the ABORTED of each of these was seen, by the monotonic clock. */
  const seenMs = new Map<number, number>();
  const submitting = new Set<Promise<void>>();
  /** Those written down up to here were seen to; what is written down comes behind all that was before. */
  let seenThrough = 0;
  let lastLook: Promise<void> = Promise.resolve();
  /** A look that has not begun: it finds what whoever asks for one has in mind. */
  let nextLook: Promise<void> | null = null;
  let cancelLook = () => {};
  let isStopped = false;

  function look(): Promise<void> {
    nextLook ??= lastLook.then(() => {
      nextLook = null;
      lastLook = lookNow();
      return lastLook;
    });
    return nextLook;
  }

  async function lookNow(): Promise<void> {
    if (isStopped) return;
    try {
      for (const intent of await starts.waitingRetries(seenThrough)) {
        seenThrough = intent.intentId;
        if (scheduled.has(intent.intentId)) continue;
        const pauseMs = spread(toBackoffMs(backoffMs, intent.attempt - 1));
        // Another process may have written it down, by a clock that is ahead of this one.
        const passedMs = Math.max(0, clock.now() - intent.createdAt);
        seenMs.set(intent.intentId, clock.monotonicMs() - passedMs);
        schedule(intent, 0, Math.max(0, pauseMs - passedMs));
      }
    } catch (error) {
      if (isStopped) return;
      events.onFailed(error);
      cancelLook();
      cancelLook = clock.schedule(backoffMs, () => void look());
    }
  }

  /** @param failures - how often the upstream did not take it so far */
  function schedule(intent: StartIntent, failures: number, delayMs: number): void {
    if (isStopped) return;
    const cancel = clock.schedule(delayMs, () => {
      const done = retry(intent, failures).finally(() => submitting.delete(done));
      submitting.add(done);
    });
    scheduled.set(intent.intentId, cancel);
  }

  async function retry(intent: StartIntent, failures: number): Promise<void> {
    const again = (minDelayMs: number) =>
      schedule(
        intent,
        failures + 1,
        spread(Math.max(toBackoffMs(backoffMs, failures + 1), minDelayMs)),
      );
    try {
      // What could not be kept of its last try says whether there may be another.
      await submitter.keepAnswer(intent.intentId);
      if (!(await starts.send(intent.intentId, clock.now()))) return done(intent);
    } catch (error) {
      events.onFailed(error);
      // Else it might stay as sent by this process, and nobody would submit it.
      if (error instanceof CommitUncertainError) await submitter.callOff(intent.intentId);
      return again(0);
    }
    try {
      const { kind } = await submitter.submit({ ...intent, state: { kind: 'sent' } }, RETRIES);
      const isTaken = kind === 'submitted' || kind === 'alreadyInProgress';
      events.onTried(intent, isTaken ? 'taken' : 'refused', null);
      done(intent);
    } catch (error) {
      await fail(intent, error, again);
    }
  }

  async function fail(
    intent: StartIntent,
    error: unknown,
    again: (minDelayMs: number) => void,
  ): Promise<void> {
    const { intentId } = intent;
    const agoMs = clock.monotonicMs() - (seenMs.get(intentId) ?? Number.NEGATIVE_INFINITY);
    const isNotTaken = error instanceof UpstreamError && !error.outcomeUnknown;
    const now = clock.now();
    try {
      if (!isNotTaken) {
        events.onTried(intent, 'unknown', error);
        done(intent);
        await starts.lookInto(intentId, [], now);
        await look();
      } else if (agoMs < GIVE_UP_AFTER_MS) {
        events.onTried(intent, 'notTaken', error);
        again(error.retryAfterMs ?? 0);
      } else {
        events.onTried(intent, 'abandoned', error);
        done(intent);
        const { code, message } = error;
        await starts.settle(intentId, { kind: 'abandoned', code, message, settledAt: now });
      }
    } catch (failure) {
      events.onFailed(failure);
    }
  }

  function done({ intentId }: StartIntent): void {
    scheduled.delete(intentId);
    seenMs.delete(intentId);
  }

  function spread(delayMs: number): number {
    return Math.round(delayMs * (1 + random() * JITTER));
  }

  return {
    look,
    lookAtAll() {
      seenThrough = 0;
      return look();
    },
    async stop() {
      isStopped = true;
      cancelLook();
      for (const cancel of scheduled.values()) cancel();
      await Promise.allSettled(submitting);
    },
  };
}

/** The pause before a try, in ms: doubled with each that was before it. */
function toBackoffMs(firstMs: number, triesBefore: number): number {
  return Math.min(firstMs * 2 ** Math.max(0, triesBefore - 1), MAX_BACKOFF_MS);
}
