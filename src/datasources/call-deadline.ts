import type { Clock } from '../ingestion/ports.js';

/** Why a call was called off: its time ran out, or the gateway is stopping. */
export class CalledOff extends Error {
  override readonly name = 'CalledOff';

  constructor(readonly reason: 'late' | 'closing') {
    super(reason === 'late' ? 'The deadline of the call has passed.' : 'The gateway is stopping.');
  }
}

/** The time that one logical call may take, its waits and repeats included. */
export interface Deadline {
  /** Aborts with a {@link CalledOff} as its reason. */
  readonly signal: AbortSignal;
  /** How long it was at its start, in ms. */
  readonly timeoutMs: number;
  /** In ms; 0 once it has passed. */
  remainingMs(): number;
  /** Settle as `promise` does, or reject with a {@link CalledOff}, whichever comes first. */
  within<T>(promise: Promise<T>): Promise<T>;
  /** @throws {CalledOff} the wait was cut short */
  wait(delayMs: number): Promise<void>;
  callOff(reason: CalledOff['reason']): void;
  /** Give the timer back. To be called when the call has ended, however it did. */
  release(): void;
}

/** Start the time of a call. */
export function startDeadline(clock: Clock, timeoutMs: number): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  const endsAt = clock.monotonicMs() + timeoutMs;
  const callOff = (reason: CalledOff['reason']) => controller.abort(new CalledOff(reason));
  const release = clock.schedule(timeoutMs, () => callOff('late'));

  async function within<T>(promise: Promise<T>): Promise<T> {
    const { promise: calledOff, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([calledOff, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    signal,
    timeoutMs,
    remainingMs: () => (signal.aborted ? 0 : Math.max(0, endsAt - clock.monotonicMs())),
    within,
    async wait(delayMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = clock.schedule(delayMs, resolve);
      await within(promise).finally(cancel);
    },
    callOff,
    release,
  };
}
