import type { Clock } from '../../ingestion/ports.js';

/** Why a call was cancelled: its time ran out, or the gateway is stopping. */
export class CallCancelledError extends Error {
  override readonly name = 'CallCancelledError';

  constructor(readonly reason: 'late' | 'closing') {
    super(reason === 'late' ? 'The deadline of the call has passed.' : 'The gateway is stopping.');
  }
}

/** A timer that fires this much too late means that the process was frozen. */
const FREEZE_MS = 1_000;

/** How long a process that was frozen gets to read the answers that have arrived. */
const READING_MS = 500;

/** The time that one logical call may take, including waits and repeats. */
export type Deadline = ReturnType<typeof startDeadline>;

/** Start the deadline of a call. */
export function startDeadline(clock: Clock, timeoutMs: number) {
  const controller = new AbortController();
  const { signal } = controller;
  const endsAt = clock.monotonicMs() + timeoutMs;
  const cancel = (reason: CallCancelledError['reason']) =>
    controller.abort(new CallCancelledError(reason));
  const startedAt = clock.monotonicMs();
  let cancelTimer = clock.schedule(timeoutMs, () => {
    // The answer may have arrived in time while the process was frozen.
    const wasFrozen = clock.monotonicMs() - startedAt > timeoutMs + FREEZE_MS;
    if (wasFrozen) cancelTimer = clock.schedule(READING_MS, () => cancel('late'));
    else cancel('late');
  });

  async function within<T>(promise: Promise<T>): Promise<T> {
    const { promise: cancelled, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([cancelled, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    /** Aborts with a {@link CallCancelledError} as its reason. */
    signal,
    /** The full time, in ms. */
    timeoutMs,
    /** In ms; 0 once it has passed. */
    remainingMs: (): number => (signal.aborted ? 0 : Math.max(0, endsAt - clock.monotonicMs())),
    /** Settle like `promise`, or reject with a {@link CallCancelledError}, whichever comes first. */
    within,
    /** @throws {CallCancelledError} the wait was cut short */
    async wait(delayMs: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancelWait = clock.schedule(delayMs, resolve);
      await within(promise).finally(cancelWait);
    },
    cancel,
    /** Release the timer. Call this when the call has ended, however it did. */
    release: (): void => cancelTimer(),
  };
}
