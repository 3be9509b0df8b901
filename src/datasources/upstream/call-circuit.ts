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
  /** So many attempts in trouble, one after the other, open it. */
  readonly failuresToOpen: number;
  /** Then nothing is sent for this long, in ms; the next call after it is a trial. */
  readonly pauseMs: number;
}

/** Ten is three calls with all their attempts, and one more; ten seconds is a restart of something. */
export const defaultCircuitPlan: CircuitPlan = { failuresToOpen: 10, pauseMs: 10_000 };

/**
 * Keeps calls away from an upstream that is failing.
 *
 *     closed ──(failuresToOpen in a row)──▶ open ──(pauseMs, then a call)──▶ trial
 *        ▲                                   ▲                                │
 *        └───────────(no trouble)────────────┼────────────────────────────────┤
 *                                            └───────────(trouble)────────────┘
 *
 * Only what is trouble counts ({@link CallFailure.isTrouble}): a refusal is an answer.
 */
export interface CallCircuit {
  /** Why nothing would be sent now, or null. */
  refusal(): CallFailure | null;
  /** Make one attempt, or give the refusal. */
  run<T>(attempt: () => Promise<T | CallFailure>): Promise<T | CallFailure>;
}

/** Create a closed circuit. */
export function createCallCircuit(clock: Clock, plan: CircuitPlan): CallCircuit {
  let reopensAt = Number.NEGATIVE_INFINITY;
  // cockatiel measures the pause with Date.now(). This pause is over when our clock says so, whatever it measures.
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
    // While a trial is under way cockatiel would have others wait for it, deaf to their deadlines.
    const isOnTrial = breaker.state === CircuitState.HalfOpen;
    if (!isPaused && !isOnTrial) return null;
    return new CallFailure(
      new UpstreamError(
        'UPSTREAM_UNAVAILABLE',
        'The upstream kept failing, so the gateway has stopped calling it for a moment (its circuit is open): nothing was sent.',
        isPaused ? { retryAfterMs: Math.ceil(pauseLeftMs) } : {},
      ),
    );
  }

  return {
    refusal,
    // Between refusal() and the start of execute() nothing else runs, so the two see the same state.
    run: (attempt) => {
      const refused = refusal();
      return refused ? Promise.resolve(refused) : breaker.execute(attempt);
    },
  };
}
