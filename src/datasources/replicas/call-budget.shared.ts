import { LogUnavailableError } from '../../ingestion/gateway-error.js';
import type { CallPurpose, Clock } from '../../ingestion/ports.js';
import { type CallBudget, refuseIfCongested, refuseTurn } from '../upstream/call-budget.js';
import { CallCancelledError } from '../upstream/call-deadline.js';
import { CallQueue } from '../upstream/call-queue.js';
import { toCancelledFailure } from '../upstream/campaign.failure.js';
import type { CallReservations } from './call-reservations.datasource.js';

/**
 * How far ahead calls are reserved at most, in seconds. A new call with a waiting caller goes before polls that
 * already have a place, so places must not be far ahead.
 */
const RESERVED_AHEAD_S = 0.25;

/** How long calls that nobody waits for are gathered, in ms, to be reserved together. */
const GATHERING_MS = 50;

/** A place that was not used in time, for example because the process was frozen, expires after this, in ms. */
const VOID_AFTER_MS = 250;

/**
 * A budget that all replicas share. Places are reserved in the database, a few at a time. When a place's time comes,
 * it goes to the first call of this replica's queue.
 *
 * Without the database nobody gets a turn, because no call may leave that the others don't know about.
 *
 * @see docs/adr/0016-one-budget.md
 */
export function createSharedCallBudget(
  reservations: CallReservations,
  clock: Clock,
  maxRps: number,
): CallBudget {
  const queue = new CallQueue();
  /** The times of the reserved places, by this process's monotonic clock. */
  let places: number[] = [];
  let heldUntil = Number.NEGATIVE_INFINITY;
  let pausing: Promise<unknown> = Promise.resolve();
  let cancelWait = () => {};
  let hurry = () => {};
  let isReserving = false;
  let isPumping = false;
  let isClosed = false;

  /** The minimum wait of a call: others may have the places that this counts on. */
  const shortestWaitMs = (purpose: CallPurpose) =>
    Math.max(0, Math.max(heldUntil, places[0] ?? heldUntil) - clock.monotonicMs()) +
    (queue.countAhead(purpose) / maxRps) * 1000;

  /** Wait that long, or until a call with a waiting caller arrives. */
  function wait(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(delayMs, resolve);
    cancelWait = () => {
      cancel();
      resolve();
    };
    return promise;
  }

  async function pump(): Promise<void> {
    if (isPumping) return;
    isPumping = true;
    try {
      while (queue.size > 0 && !isClosed) {
        if (places.length === 0) await reserve();
        else await giveNext(places[0] ?? 0);
      }
    } finally {
      isPumping = false;
    }
  }

  async function reserve(): Promise<void> {
    if (!queue.hasAwaited) {
      hurry = () => cancelWait();
      // Not past the next place, because nobody would use it.
      await wait(Math.min(GATHERING_MS, 1000 / maxRps));
      hurry = () => {};
    }
    await pausing;
    const count = Math.min(queue.size, Math.max(1, Math.floor(maxRps * RESERVED_AHEAD_S)));
    if (count === 0 || isClosed) return;
    isReserving = true;
    try {
      const firstInMs = await reservations.reserve(count);
      const firstAt = Math.max(clock.monotonicMs() + firstInMs, heldUntil);
      places = Array.from({ length: count }, (_, index) => firstAt + (index / maxRps) * 1000);
    } catch (error) {
      queue.failAll(toUnreachable(error));
    } finally {
      isReserving = false;
    }
  }

  async function giveNext(at: number): Promise<void> {
    const leftMs = at - clock.monotonicMs();
    if (leftMs > 0) {
      await wait(leftMs);
      return;
    }
    places.shift();
    if (leftMs < -VOID_AFTER_MS) return;
    queue.giveNext();
  }

  return {
    async turn(call, deadline) {
      refuseIfCongested(queue, call, deadline, shortestWaitMs(call.purpose));
      try {
        const turn = queue.join(call, deadline);
        if (queue.hasAwaited) hurry();
        void pump();
        await turn;
      } catch (cause) {
        if (!(cause instanceof CallCancelledError)) throw cause;
        if (cause.reason === 'late' && isReserving) throw toUnreachable(cause);
        if (cause.reason === 'late') refuseTurn(shortestWaitMs(call.purpose) + 1000);
        throw toCancelledFailure(cause, false).error;
      }
    },
    expedite(call, purpose) {
      queue.expedite(call, purpose);
      if (queue.hasAwaited) hurry();
    },
    hold(delayMs) {
      if (delayMs <= 0) return;
      heldUntil = Math.max(heldUntil, clock.monotonicMs() + delayMs);
      // Earlier reservations would come too early.
      places = [];
      cancelWait();
      // If the others can't be told, only this replica pauses.
      pausing = Promise.all([pausing, reservations.pause(delayMs).catch(() => {})]);
    },
    close() {
      isClosed = true;
      cancelWait();
    },
  };
}

function toUnreachable(cause: unknown): LogUnavailableError {
  return new LogUnavailableError(
    'The database with the budget of calls to the upstream does not respond, so nothing was sent. Try again later.',
    { cause },
  );
}
