import PQueue from 'p-queue';
import { UpstreamError } from '../ingestion/gateway-error.js';
import type { Clock, Urgency } from '../ingestion/ports.js';
import { CalledOff, type Deadline } from './call-deadline.js';
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

const priorities: Readonly<Record<Urgency, number>> = { interactive: 1, background: 0 };

/**
 * Create a budget of at most `maxRps` turns in any period of one second.
 *
 * p-queue measures that second itself; only the holds go by `clock`.
 *
 * @param maxRps - a positive integer
 */
export function createCallBudget(clock: Clock, maxRps: number): CallBudget {
  const queue = new PQueue({ interval: 1000, intervalCap: maxRps, strict: true });
  let heldUntil = 0;
  let endHold = () => {};

  const holdLeftMs = () => Math.max(0, heldUntil - clock.now());

  const countAhead = (urgency: Urgency) =>
    urgency === 'interactive' ? queue.sizeBy({ priority: priorities.interactive }) : queue.size;

  /** With everybody who goes first served at the full rate, how long a call of this urgency would wait. */
  const longestWaitMs = (urgency: Urgency) =>
    holdLeftMs() + Math.ceil((countAhead(urgency) + 1) / maxRps) * 1000;

  /** The same, where the next second of the budget begins now. */
  const shortestWaitMs = (urgency: Urgency) =>
    holdLeftMs() + Math.floor(countAhead(urgency) / maxRps) * 1000;

  return {
    async turn(urgency, deadline, id) {
      // In vain it would make those who come after it wait, and one document can ask for thousands.
      const waitMs = shortestWaitMs(urgency);
      if (waitMs >= deadline.remainingMs() && waitMs > 0) refuseTurn(waitMs);
      try {
        await queue.add(() => {}, {
          priority: priorities[urgency],
          signal: deadline.signal,
          ...(id !== undefined && { id }),
        });
      } catch (cause) {
        if (cause instanceof CalledOff && cause.reason === 'late')
          refuseTurn(longestWaitMs(urgency));
        throw toCalledOffFailure(cause, false).error;
      }
    },
    expedite(id) {
      try {
        queue.setPriority(id, priorities.interactive);
      } catch (error) {
        // It has had its turn.
        if (!(error instanceof ReferenceError)) throw error;
      }
    },
    hold(delayMs) {
      const until = clock.now() + delayMs;
      if (until <= heldUntil || delayMs <= 0) return;
      heldUntil = until;
      endHold();
      queue.pause();
      endHold = clock.schedule(delayMs, () => queue.start());
    },
    close() {
      endHold();
      queue.clear();
    },
  };
}

/** @throws {UpstreamError} UPSTREAM_RATE_LIMITED, always */
export function refuseTurn(waitMs: number): never {
  throw new UpstreamError(
    'UPSTREAM_RATE_LIMITED',
    'The gateway keeps to a budget of calls to the upstream, and the turn of this call would have come too late: nothing was sent.',
    { retryAfterMs: waitMs },
  );
}
