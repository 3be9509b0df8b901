import { ExponentialBackoff, fullJitterGenerator, type IBackoffFactory } from 'cockatiel';
import { CallCongestedError } from '../../ingestion/gateway-error.js';
import type { CallBudget } from './call-budget.js';
import type { CallCircuit } from './call-circuit.js';
import { CallCancelledError, type Deadline } from './call-deadline.js';
import type { PacedCall } from './call-queue.js';
import { CallFailure, toCancelledFailure, toTransportFailure } from './campaign.failure.js';
import type { TokenlessRequest } from './campaign.request.js';
import { exchange, type HttpAnswer } from './http-exchange.js';
import type { HttpPool } from './http-pool.js';
import type { TokenSource } from './ims-token.datasource.js';
import type { Slowdown } from './slowdown.js';

/** The maximum number of attempts of one status call. */
const MAX_ATTEMPTS = 3;

/** Pauses between attempts: a random share of 250 ms, then of 500 ms, so that calls that failed together spread out. */
const retryBackoff = new ExponentialBackoff({
  generator: fullJitterGenerator,
  initialDelay: 250,
  maxDelay: 5000,
});

/** The parts of one logical call. */
export interface CallPlan<T> extends PacedCall {
  readonly kind: 'start' | 'status';
  /** Called each time that an attempt has its turn. */
  readonly onTurn?: (() => void) | undefined;
  readonly request: TokenlessRequest;
  readonly judge: (answer: HttpAnswer) => T | CallFailure;
}

/** What every call uses. */
export interface CallParts {
  readonly http: HttpPool;
  readonly tokens: TokenSource;
  readonly budget: CallBudget;
  readonly circuit: CallCircuit;
  readonly slowdown: Slowdown;
}

/**
 * Make one logical call: attempts, and the waits between them, until there is a result or another attempt makes no
 * sense.
 *
 * Each attempt passes the same gates, and each gate may end it before anything is sent:
 *
 *     circuit closed? → access token → turn in the budget → circuit → HTTP exchange → judgement
 *
 * A start is sent once. The one exception is a start answered with 401, which was not let through, if its token may
 * be outdated: it is sent again with a new token.
 *
 * @throws {UpstreamError} why the last attempt failed
 */
export async function callCampaign<T>(
  parts: CallParts,
  plan: CallPlan<T>,
  deadline: Deadline,
): Promise<T> {
  let backoff: IBackoffFactory<unknown> = retryBackoff;
  let isTokenRenewed = false;
  let attempts = 1;
  let lastFailure: CallFailure | undefined;
  for (;;) {
    const token = await readyToSend(parts, deadline);
    const result = await send(parts, plan, token, deadline).catch((error: unknown) => {
      // The upstream's answer says more than that there was no room for a repeat.
      throw error instanceof CallCongestedError && lastFailure ? lastFailure.error : error;
    });
    if (!(result instanceof CallFailure)) {
      parts.tokens.accept(token);
      return result;
    }
    const { tokenRejection } = result;
    if (tokenRejection !== 'none' && !isTokenRenewed) {
      isTokenRenewed = parts.tokens.discard(token, tokenRejection);
      if (isTokenRenewed) continue;
    }
    const mayRepeat = plan.kind === 'status' && result.isTransient && attempts < MAX_ATTEMPTS;
    if (!mayRepeat) throw result.error;
    lastFailure = result;
    attempts += 1;
    const next = backoff.next(undefined);
    backoff = next;
    // Spread after the requested time, never before it.
    const delayMs = next.duration + (result.error.retryAfterMs ?? 0);
    // A wait past the deadline could only turn a meaningful failure into a timeout.
    if (delayMs >= deadline.remainingMs()) throw result.error;
    await unlessCancelled(deadline.wait(delayMs));
  }
}

/** The first two gates: get the token, if sending makes sense at all. */
async function readyToSend({ circuit, tokens }: CallParts, deadline: Deadline): Promise<string> {
  const refused = circuit.refusal();
  if (refused) throw refused.error;
  return unlessCancelled(deadline.within(tokens.token()));
}

async function send<T>(
  { http, budget, circuit, slowdown }: CallParts,
  plan: CallPlan<T>,
  token: string,
  deadline: Deadline,
): Promise<T | CallFailure> {
  const { kind, onTurn, request, judge } = plan;
  await budget.turn(plan, deadline);
  onTurn?.();
  const hadMostOfItsTime = deadline.remainingMs() >= deadline.timeoutMs / 2;
  return circuit.run(async () => {
    const answer = await exchange(http, request(token), deadline.signal);
    if (answer.kind === 'cancelled' && !hadMostOfItsTime) {
      // The waits before it took the time, which is no trouble of the upstream and must not open the circuit.
      return new CallFailure(toTransportFailure(answer, kind).error);
    }
    if (answer.kind !== 'answered') return toTransportFailure(answer, kind);
    const result = judge(answer);
    if (!(result instanceof CallFailure)) slowdown.answered();
    else if (result.error.code === 'UPSTREAM_RATE_LIMITED') {
      slowdown.refused(result.error.retryAfterMs);
    }
    return result;
  });
}

/** Convert the failure if a promise ended because its call was cancelled; nothing had been sent. */
export async function unlessCancelled<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof CallCancelledError ? toCancelledFailure(error, false).error : error;
  }
}
