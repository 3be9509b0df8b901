import { CommitUncertainError, UpstreamError } from '../ingestion/gateway-error.js';
import type { Clock, StartLog } from '../ingestion/ports.js';
import type { StartIntent } from '../ingestion/start-intent.js';
import type { StartSender } from '../ingestion/start-sender.js';

/** The longest pause between two tries to submit a retry, in ms. */
const MAX_BACKOFF_MS = 300_000;

/** How long after the ABORTED was seen a retry that the upstream does not accept is tried again, in ms. */
const GIVE_UP_AFTER_MS = 3_600_000;

/** Up to this share of a pause is added to it, so that requests aborted together are not all submitted at once. */
const JITTER = 0.2;

/** Retries count as a caller: nobody waits for them, and they take turns with callers who start. */
const RETRIES = 'retries';

/** Retries that other processes postponed are scheduled once they are due within this time, in ms. */
const LOOK_AHEAD_MS = 5_000;

/** Sends the retries that the log asks for. */
export type Retries = ReturnType<typeof createRetries>;

/**
 * One retry, from its place in the log to its end there:
 *
 *     scheduled ──it is due──▶ marked as sent in the log ──▶ sending ──taken, refused──▶ (done)
 *        ▲                          │ not any more: (done)    │ └──unknown────────────▶ (done)
 *        └─postponed in the log─ certainly not taken, not for too long
 *
 * Whoever marks a retry as sent sends it, so it is sent once however many processes find it. A retry that was marked and
 * not answered in time may have been accepted, so nobody sends it again.
 */
export function createRetries({
  starts,
  sender,
  clock,
  backoffMs,
  events,
  random = Math.random,
}: {
  readonly starts: Pick<
    StartLog,
    'waitingRetries' | 'postpone' | 'markSent' | 'settle' | 'resolveUnknown'
  >;
  readonly sender: Pick<StartSender, 'send' | 'saveAnswer' | 'withdraw'>;
  readonly clock: Clock;
  /** The pause before a request's first retry, in ms; each further one is twice as long. */
  readonly backoffMs: number;
  readonly events: {
    /** The result of trying a retry; `notTaken` is tried again. */
    onTried(
      intent: StartIntent,
      outcome: 'taken' | 'refused' | 'notTaken' | 'unknown' | 'abandoned',
      error: unknown,
    ): void;
    /** The log could not be read or written. The work will be found again. */
    onFailed(error: unknown): void;
  };
  /** Returns a number in [0, 1); spreads the retries. */
  readonly random?: () => number;
}) {
  /** The retries being handled, by intent, with a function that cancels the wait. */
  const scheduled = new Map<number, () => void>();
  /** When the ABORTED of each was seen, by the monotonic clock. */
  const seenMs = new Map<number, number>();
  const sending = new Set<Promise<void>>();
  /** Retries recorded up to here are being handled; new ones get higher ids. */
  let seenThrough = 0;
  let lastRead: Promise<void> = Promise.resolve();
  /** A read that has not begun, so it will find what its callers expect. */
  let nextRead: Promise<void> | null = null;
  let cancelRead = () => {};
  let isStopped = false;

  function readLog(): Promise<void> {
    nextRead ??= lastRead.then(() => {
      nextRead = null;
      lastRead = readLogNow();
      return lastRead;
    });
    return nextRead;
  }

  async function readLogNow(): Promise<void> {
    if (isStopped) return;
    try {
      for (const { intent, dueInMs } of await starts.waitingRetries(seenThrough, LOOK_AHEAD_MS)) {
        seenThrough = Math.max(seenThrough, intent.intentId);
        if (scheduled.has(intent.intentId)) continue;
        // Another process may have recorded it with a clock that is ahead of this one.
        const passedMs = Math.max(0, clock.now() - intent.createdAt);
        seenMs.set(intent.intentId, clock.monotonicMs() - passedMs);
        schedule(intent, dueInMs ?? Math.max(0, spread(toFirstPause(intent)) - passedMs));
      }
    } catch (error) {
      if (isStopped) return;
      events.onFailed(error);
      cancelRead();
      cancelRead = clock.schedule(backoffMs, () => void readLog());
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
      // The unsaved result of its last try decides whether there may be another.
      await sender.saveAnswer(intentId);
      if (!(await starts.markSent(intentId, id, clock.now()))) return done(intent);
    } catch (error) {
      // Otherwise it might stay as sent, and nobody would send it.
      if (error instanceof CommitUncertainError) await sender.withdraw(intentId, id);
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
        await starts.resolveUnknown(intentId, [], now);
        await readLog();
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

  /** Try again later: after as long as it has waited already, within bounds. */
  async function again(intent: StartIntent, minPauseMs: number): Promise<void> {
    const pauseMs = Math.min(Math.max(toAgeMs(intent), toFirstPause(intent)), MAX_BACKOFF_MS);
    const delayMs = spread(Math.max(pauseMs, minPauseMs));
    // Other processes leave it alone until then.
    await starts.postpone(intent.intentId, delayMs).catch(events.onFailed);
    schedule(intent, delayMs);
  }

  /** How long ago its ABORTED was seen, in ms. */
  function toAgeMs({ intentId }: StartIntent): number {
    return clock.monotonicMs() - (seenMs.get(intentId) ?? Number.NEGATIVE_INFINITY);
  }

  /** The pause before its first sending, in ms: doubled with each earlier attempt. */
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
    /**
     * Read from the log the retries that were recorded since the last read, and all that are due soon, whoever tried
     * them last, and handle them. Concurrent calls share a read.
     */
    readLog,
    /** Send nothing more; resolves once nothing is being sent. */
    async stop(): Promise<void> {
      isStopped = true;
      cancelRead();
      for (const cancel of scheduled.values()) cancel();
      await Promise.allSettled(sending);
    },
  };
}
