import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  type IBackoff,
} from 'cockatiel';
import { UpstreamError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import { CallFailure } from './campaign.failure.js';

/** When the circuit opens, and for how long. */
export interface CircuitPlan {
  /** The number of consecutive failed attempts that opens it. */
  readonly failuresToOpen: number;
  /** How long nothing is sent then, in ms; the next call after that is a trial. */
  readonly pauseMs: number;
}

/** Ten is three calls with all their attempts, plus one; ten seconds is the length of a restart. */
export const defaultCircuitPlan: CircuitPlan = { failuresToOpen: 10, pauseMs: 10_000 };

/**
 * Stops calls to an upstream that keeps failing.
 *
 *     closed ──(failuresToOpen in a row)──▶ open ──(pauseMs, then a call)──▶ trial
 *        ▲                                   ▲                                │
 *        └───────────(no trouble)────────────┼────────────────────────────────┤
 *                                            └───────────(trouble)────────────┘
 *
 * Only trouble counts ({@link CallFailure.isTrouble}): a refusal is an answer.
 */
export type CallCircuit = ReturnType<typeof createCallCircuit>;

/** Create a closed circuit. */
export function createCallCircuit(clock: Clock, plan: CircuitPlan) {
  let reopensAt = Number.NEGATIVE_INFINITY;
  // cockatiel measures the pause with Date.now(). This pause ends when our clock says so, whatever cockatiel
  // measures.
  const pause: IBackoff<unknown> = {
    get duration() {
      return clock.monotonicMs() < reopensAt ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    },
    next() {
      reopensAt = clock.monotonicMs() + plan.pauseMs;
      return pause;
    },
  };
  const breaker: CircuitBreakerPolicy = circuitBreaker(
    handleWhenResult((result) => result instanceof CallFailure && result.isTrouble),
    { breaker: new ConsecutiveBreaker(plan.failuresToOpen), halfOpenAfter: pause },
  );

  function refusal(): CallFailure | null {
    const pauseLeftMs = reopensAt - clock.monotonicMs();
    const isPaused = breaker.state === CircuitState.Open && pauseLeftMs > 0;
    // During a trial, cockatiel would make other calls wait for it and ignore their deadlines.
    const isOnTrial = breaker.state === CircuitState.HalfOpen;
    if (!isPaused && !isOnTrial) return null;
    return new CallFailure(
      new UpstreamError(
        'UPSTREAM_UNAVAILABLE',
        'The upstream kept failing, so the gateway has stopped calling it for a moment (its circuit is open). Nothing was sent.',
        isPaused ? { retryAfterMs: Math.ceil(pauseLeftMs) } : {},
      ),
    );
  }

  return {
    /** Why nothing would be sent now, or null. */
    refusal,
    /** Make one attempt, or return the refusal. */
    run: <T>(attempt: () => Promise<T | CallFailure>): Promise<T | CallFailure> => {
      // Nothing else runs between refusal() and the start of execute(), so both see the same state.
      const refused = refusal();
      return refused ? Promise.resolve(refused) : breaker.execute(attempt);
    },
  };
}
