import { UpstreamError } from '../../ingestion/gateway-error.js';
import type { Clock, Urgency } from '../../ingestion/ports.js';
import { CalledOff, type Deadline } from './call-deadline.js';
import { CallQueue } from './call-queue.js';
import { toCalledOffFailure } from './campaign.failure.js';

/** Hands out the calls that may be made. What is interactive goes before what is in the background. */
export interface CallBudget {
  /**
   * Wait for a turn. First come, first served within one urgency.
   *
   * @throws {UpstreamError} UPSTREAM_RATE_LIMITED with `retryAfterMs`: the turn does not come before the
   *   deadline. Where that is known beforehand, at once.
   * @param id - what `expedite` knows the call by
   */
  turn(urgency: Urgency, deadline: Deadline, id?: string): Promise<void>;
  /** Make the waiting call of this id interactive, if there is one. */
  expedite(id: string): void;
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

  /** With everybody who goes first served at the full rate, how long a call of this urgency would wait. */
  const longestWaitMs = (urgency: Urgency) =>
    holdLeftMs() + Math.ceil((queue.countAhead(urgency) + 1) / maxRps) * PERIOD_MS;

  /** The same, where the next second of the budget begins now. */
  const shortestWaitMs = (urgency: Urgency) =>
    holdLeftMs() + Math.floor(queue.countAhead(urgency) / maxRps) * PERIOD_MS;

  return {
    async turn(urgency, deadline, id) {
      // In vain it would make those who come after it wait, and one document can ask for thousands.
      const waitMs = shortestWaitMs(urgency);
      if (waitMs >= deadline.remainingMs() && waitMs > 0) refuseTurn(waitMs);
      try {
        const turn = queue.join(urgency, deadline, id);
        pump();
        await turn;
      } catch (cause) {
        if (cause instanceof CalledOff && cause.reason === 'late')
          refuseTurn(longestWaitMs(urgency));
        throw toCalledOffFailure(cause, false).error;
      }
    },
    expedite: (id) => void queue.expedite(id),
    hold(delayMs) {
      heldUntil = Math.max(heldUntil, clock.monotonicMs() + delayMs);
      pump();
    },
    close: () => cancelWake(),
  };
}

/** @throws {UpstreamError} UPSTREAM_RATE_LIMITED, always */
export function refuseTurn(waitMs: number): never {
  throw new UpstreamError(
    'UPSTREAM_RATE_LIMITED',
    'The gateway keeps to a budget of calls to the upstream, and the turn of this call would have come too late: nothing was sent.',
    { retryAfterMs: Math.ceil(waitMs), isOwnLimit: true },
  );
}
