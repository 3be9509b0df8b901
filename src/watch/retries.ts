import { CommitUncertainError, UpstreamError } from '../ingestion/gateway-error.js';
import type { Clock, StartLog } from '../ingestion/ports.js';
import type { StartIntent } from '../ingestion/start-intent.js';
import type { StartSender } from '../ingestion/start-sender.js';

/** The longest pause between two tries to submit one retry, in ms. */
const MAX_BACKOFF_MS = 300_000;

/** A retry that the upstream does not take is tried again for so long after the ABORTED was seen, in ms. */
const GIVE_UP_AFTER_MS = 3_600_000;

/** Up to so much of a pause is added to it, so that requests aborted together are not all submitted at once. */
const JITTER = 0.2;

/** Retries are a caller of their own: nobody waits for them, and they take turns with those who start. */
const RETRIES = 'retries';

/** What others put off is looked for once it is due within this, in ms. */
const LOOK_AHEAD_MS = 5_000;

/** What an operator wants to hear of. */
export interface RetryEvents {
  /** A retry came to this; `notTaken` is tried again. */
  onTried(
    intent: StartIntent,
    outcome: 'taken' | 'refused' | 'notTaken' | 'unknown' | 'abandoned',
    error: unknown,
  ): void;
  /** The log could not be asked or written; what was to be done is found again. */
  onFailed(error: unknown): void;
}

/** What sending retries needs. */
export interface RetriesOptions {
  readonly starts: Pick<StartLog, 'waitingRetries' | 'putOff' | 'markSent' | 'settle' | 'lookInto'>;
  readonly sender: Pick<StartSender, 'send' | 'saveAnswer' | 'takeBack'>;
  readonly clock: Clock;
  /** How long the first retry of a request waits, in ms; each further one twice as long. */
  readonly backoffMs: number;
  readonly events: RetryEvents;
  /** Gives a number in [0, 1); spreads the retries. */
  readonly random?: () => number;
}

/** Sends the retries that the log says are to be. */
export interface Retries {
  /**
   * Look for retries that were written down since the last look, and for all that are due soon, whoever tried them
   * last; and see to them. Shared by those who ask at once.
   */
  look(): Promise<void>;
  /** Send nothing more; resolves once nothing is being sent. */
  stop(): Promise<void>;
}

/**
 * One retry, from its place in the log to its end there:
 *
 *     scheduled ──it is due──▶ marked as sent in the log ──▶ sending ──taken, refused──▶ (done)
 *        ▲                          │ not any more: (done)    │ └──unknown────────────▶ (done)
 *        └──put off in the log── certainly not taken, not for too long
 *
 * Who marks it as sent sends it, so a retry is sent once however many look. One that was marked and not answered when
 * that was due may have been taken, and is nobody’s to send again.
 */
export function createRetries({
  starts,
  sender,
  clock,
  backoffMs,
  events,
  random = Math.random,
}: RetriesOptions): Retries {
  /** What is seen to, by intent: how to leave it alone while it waits. */
  const scheduled = new Map<number, () => void>();
  /** When the ABORTED of each of these was seen, by the monotonic clock. */
  const seenMs = new Map<number, number>();
  const sending = new Set<Promise<void>>();
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
      for (const { intent, dueInMs } of await starts.waitingRetries(seenThrough, LOOK_AHEAD_MS)) {
        seenThrough = Math.max(seenThrough, intent.intentId);
        if (scheduled.has(intent.intentId)) continue;
        // Another process may have written it down, by a clock that is ahead of this one.
        const passedMs = Math.max(0, clock.now() - intent.createdAt);
        seenMs.set(intent.intentId, clock.monotonicMs() - passedMs);
        schedule(intent, dueInMs ?? Math.max(0, spread(toFirstPause(intent)) - passedMs));
      }
    } catch (error) {
      if (isStopped) return;
      events.onFailed(error);
      cancelLook();
      cancelLook = clock.schedule(backoffMs, () => void look());
    }
  }

  function schedule(intent: StartIntent, delayMs: number): void {
    if (isStopped) return;
    const cancel = clock.schedule(delayMs, () => {
      const done = retry(intent).finally(() => sending.delete(done));
      sending.add(done);
    });
    scheduled.set(intent.intentId, cancel);
  }

  async function retry(intent: StartIntent): Promise<void> {
    const { intentId } = intent;
    const id = crypto.randomUUID();
    try {
      // What could not be saved of its last try says whether there may be another.
      await sender.saveAnswer(intentId);
      if (!(await starts.markSent(intentId, id, clock.now()))) return done(intent);
    } catch (error) {
      // Else it might stay as sent, and nobody would send it.
      if (error instanceof CommitUncertainError) await sender.takeBack(intentId, id);
      await again(intent, 0);
      return events.onFailed(error);
    }
    try {
      const { kind } = await sender.send({ ...intent, state: { kind: 'sent' } }, id, RETRIES);
      const isTaken = kind === 'submitted' || kind === 'alreadyInProgress';
      events.onTried(intent, isTaken ? 'taken' : 'refused', null);
      done(intent);
    } catch (error) {
      await fail(intent, error);
    }
  }

  async function fail(intent: StartIntent, error: unknown): Promise<void> {
    const { intentId } = intent;
    const isNotTaken = error instanceof UpstreamError && !error.outcomeUnknown;
    const now = clock.now();
    try {
      if (!isNotTaken) {
        events.onTried(intent, 'unknown', error);
        done(intent);
        await starts.lookInto(intentId, [], now);
        await look();
      } else if (toAgeMs(intent) < GIVE_UP_AFTER_MS) {
        await again(intent, error.retryAfterMs ?? 0);
        events.onTried(intent, 'notTaken', error);
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

  /** Try later: as long as it has waited already, within bounds. */
  async function again(intent: StartIntent, minPauseMs: number): Promise<void> {
    const pauseMs = Math.min(Math.max(toAgeMs(intent), toFirstPause(intent)), MAX_BACKOFF_MS);
    const delayMs = spread(Math.max(pauseMs, minPauseMs));
    // Whoever else sees that it waits leaves it alone until then.
    await starts.putOff(intent.intentId, delayMs).catch(events.onFailed);
    schedule(intent, delayMs);
  }

  /** How long ago its ABORTED was seen, in ms. */
  function toAgeMs({ intentId }: StartIntent): number {
    return clock.monotonicMs() - (seenMs.get(intentId) ?? Number.NEGATIVE_INFINITY);
  }

  /** The pause before it is sent for the first time, in ms: doubled with each attempt that was before. */
  function toFirstPause({ attempt }: StartIntent): number {
    return Math.min(backoffMs * 2 ** Math.max(0, attempt - 2), MAX_BACKOFF_MS);
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
    async stop() {
      isStopped = true;
      cancelLook();
      for (const cancel of scheduled.values()) cancel();
      await Promise.allSettled(sending);
    },
  };
}
