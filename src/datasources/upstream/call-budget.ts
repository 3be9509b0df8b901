import { CallCongestedError } from '../../ingestion/gateway-error.js';
import type { Clock, Waiting } from '../../ingestion/ports.js';
import { CalledOff, type Deadline } from './call-deadline.js';
import { CallQueue, MAX_WAITING_PER_CALLER, type PacedCall } from './call-queue.js';
import { toCalledOffFailure } from './campaign.failure.js';

/** Hands out the calls that may be made, in the order of {@link CallQueue}. */
export interface CallBudget {
  /**
   * Wait for a turn.
   *
   * @throws {CallCongestedError} the turn does not come before the deadline, or too many calls of this caller
   *   wait already. Where that is known beforehand, at once.
   */
  turn(call: PacedCall, deadline: Deadline): Promise<void>;
  /** Somebody waits for this call from now on, whether or not it is waiting for a turn. */
  expedite(call: PacedCall, waiting: Waiting): void;
  /** Give nobody a turn for this long, in ms. The longest of several holds counts. */
  hold(delayMs: number): void;
  close(): void;
}

/** The period in which no more turns are given than the budget has, wherever it begins. In ms. */
const PERIOD_MS = 1000;

/**
 * Create a budget of at most `maxRps` turns in any period of one second.
 *
 * @param maxRps - a positive integer
 */
export function createCallBudget(clock: Clock, maxRps: number): CallBudget {
  const queue = new CallQueue();
  /** When the last turns were given, at most `maxRps` of them, oldest first. */
  const givenAt: number[] = [];
  let heldUntil = Number.NEGATIVE_INFINITY;
  let cancelWake = () => {};

  const holdLeftMs = () => Math.max(0, heldUntil - clock.monotonicMs());

  function nextTurnInMs(): number {
    const oldestAt = givenAt.length < maxRps ? undefined : givenAt[0];
    const paceLeftMs = oldestAt === undefined ? 0 : oldestAt + PERIOD_MS - clock.monotonicMs();
    return Math.max(paceLeftMs, holdLeftMs());
  }

  /** Give the turns that there are now, and come back when there is another one. */
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

  /** With everybody who goes first served at the full rate, how long a call that comes now waits. */
  const longestWaitMs = (waiting: Waiting) =>
    holdLeftMs() + Math.ceil((queue.countAhead(waiting) + 1) / maxRps) * PERIOD_MS;

  /** The same, where the next second of the budget begins now. */
  const shortestWaitMs = (waiting: Waiting) =>
    holdLeftMs() + Math.floor(queue.countAhead(waiting) / maxRps) * PERIOD_MS;

  return {
    async turn(call, deadline) {
      // In vain it would make those who come after it wait, and one document can ask for thousands.
      refuseInVain(queue, call, deadline, shortestWaitMs(call.waiting));
      try {
        const turn = queue.join(call, deadline);
        pump();
        await turn;
      } catch (cause) {
        if (cause instanceof CalledOff && cause.reason === 'late')
          refuseTurn(longestWaitMs(call.waiting));
        throw toCalledOffFailure(cause, false).error;
      }
    },
    expedite: (call, waiting) => queue.expedite(call, waiting),
    hold(delayMs) {
      heldUntil = Math.max(heldUntil, clock.monotonicMs() + delayMs);
      pump();
    },
    close: () => cancelWake(),
  };
}

/**
 * Refuse a call that has no use in waiting.
 *
 * @param waitMs - how long it waits at least
 * @throws {CallCongestedError}
 */
export function refuseInVain(
  queue: CallQueue,
  { waiting }: PacedCall,
  deadline: Deadline,
  waitMs: number,
): void {
  if (queue.isFull(waiting)) {
    throw new CallCongestedError(
      `${MAX_WAITING_PER_CALLER} calls of this caller to the upstream wait for their turns already: nothing was sent. Ask for less at once.`,
      Math.max(waitMs, PERIOD_MS),
    );
  }
  if (waitMs >= deadline.remainingMs() && waitMs > 0) refuseTurn(waitMs);
}

/** @throws {CallCongestedError} always */
export function refuseTurn(waitMs: number): never {
  throw new CallCongestedError(
    'The gateway keeps to a budget of calls to the upstream, and the turn of this call would have come too late: nothing was sent.',
    waitMs,
  );
}
