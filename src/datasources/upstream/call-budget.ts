import { CallCongestedError } from '../../ingestion/gateway-error.js';
import type { CallPurpose, Clock } from '../../ingestion/ports.js';
import { CallCancelledError, type Deadline } from './call-deadline.js';
import { CallQueue, MAX_WAITING_PER_CALLER, type PacedCall } from './call-queue.js';
import { toCancelledFailure } from './campaign.failure.js';

/** Grants turns to calls, in the order of {@link CallQueue}. */
export interface CallBudget {
  /**
   * Wait for a turn.
   *
   * @throws {CallCongestedError} the turn doesn't come before the deadline, or too many calls of this caller already
   *   wait. Thrown at once if that is certain beforehand.
   */
  turn(call: PacedCall, deadline: Deadline): Promise<void>;
  /** Somebody waits for this call from now on, whether or not it is waiting for a turn. */
  expedite(call: PacedCall, purpose: CallPurpose): void;
  /** Grant no turns for this long, in ms. The longest of several holds counts. */
  hold(delayMs: number): void;
  close(): void;
}

/** Any period of this length has at most as many turns as the budget allows. In ms. */
const PERIOD_MS = 1000;

/**
 * Create a budget of at most `maxRps` turns in any period of one second.
 *
 * @param maxRps - a positive integer
 */
export function createCallBudget(clock: Clock, maxRps: number): CallBudget {
  const queue = new CallQueue();
  /** The times of the last turns, at most `maxRps` of them, oldest first. */
  const givenAt: number[] = [];
  let heldUntil = Number.NEGATIVE_INFINITY;
  let cancelWake = () => {};

  const holdLeftMs = () => Math.max(0, heldUntil - clock.monotonicMs());

  function nextTurnInMs(): number {
    const oldestAt = givenAt.length < maxRps ? undefined : givenAt[0];
    const paceLeftMs = oldestAt === undefined ? 0 : oldestAt + PERIOD_MS - clock.monotonicMs();
    return Math.max(paceLeftMs, holdLeftMs());
  }

  /** Grant the turns that are available now, and continue when there is another one. */
  function pump(): void {
    cancelWake();
    while (queue.size > 0) {
      const waitMs = nextTurnInMs();
      if (waitMs > 0) {
        cancelWake = clock.schedule(waitMs, pump);
        return;
      }
      if (givenAt.length === maxRps) givenAt.shift();
      givenAt.push(clock.monotonicMs());
      queue.giveNext();
    }
  }

  /** How long a call that arrives now waits if everyone ahead of it is served at the full rate. */
  const longestWaitMs = (purpose: CallPurpose) =>
    holdLeftMs() + Math.ceil((queue.countAhead(purpose) + 1) / maxRps) * PERIOD_MS;

  /** The same if the next second of the budget begins now. */
  const shortestWaitMs = (purpose: CallPurpose) =>
    holdLeftMs() + Math.floor(queue.countAhead(purpose) / maxRps) * PERIOD_MS;

  return {
    async turn(call, deadline) {
      // A pointless wait would delay those who come after it, and one document can ask for thousands.
      refuseIfCongested(queue, call, deadline, shortestWaitMs(call.purpose));
      try {
        const turn = queue.join(call, deadline);
        pump();
        await turn;
      } catch (cause) {
        if (cause instanceof CallCancelledError && cause.reason === 'late')
          refuseTurn(longestWaitMs(call.purpose));
        throw toCancelledFailure(cause, false).error;
      }
    },
    expedite: (call, purpose) => queue.expedite(call, purpose),
    hold(delayMs) {
      heldUntil = Math.max(heldUntil, clock.monotonicMs() + delayMs);
      pump();
    },
    close: () => cancelWake(),
  };
}

/**
 * Refuse a call that would wait in vain.
 *
 * @param waitMs - its minimum wait
 * @throws {CallCongestedError}
 */
export function refuseIfCongested(
  queue: CallQueue,
  { purpose }: PacedCall,
  deadline: Deadline,
  waitMs: number,
): void {
  if (queue.isFull(purpose)) {
    throw new CallCongestedError(
      `${MAX_WAITING_PER_CALLER} calls of this caller to the upstream already wait for their turns, so nothing was sent. Ask for less at a time.`,
      Math.max(waitMs, PERIOD_MS),
    );
  }
  if (waitMs >= deadline.remainingMs() && waitMs > 0) refuseTurn(waitMs);
}

/** @throws {CallCongestedError} always */
export function refuseTurn(waitMs: number): never {
  throw new CallCongestedError(
    'The gateway limits its calls to the upstream, and this call’s turn would have come too late, so nothing was sent.',
    waitMs,
  );
}
