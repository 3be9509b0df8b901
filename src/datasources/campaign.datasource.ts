import { ExponentialBackoff, fullJitterGenerator, type IBackoffFactory } from 'cockatiel';
import { UpstreamError, type UpstreamErrorCode } from '../ingestion/gateway-error.js';
import type { ReportedState } from '../ingestion/ingestion-request.js';
import type { Clock, Upstream, Urgency } from '../ingestion/ports.js';
import type { Submission } from '../ingestion/submission.js';
import { createCallBudget } from './call-budget.js';
import { type CircuitPlan, createCallCircuit, defaultCircuitPlan } from './call-circuit.js';
import { CalledOff, type Deadline, startDeadline } from './call-deadline.js';
import { judgeStartAnswer, judgeStatusAnswer } from './campaign.answer.js';
import {
  CallFailure,
  type CallKind,
  toCalledOffFailure,
  toTransportFailure,
} from './campaign.failure.js';
import {
  type CampaignAddress,
  createCampaignRequests,
  type TokenlessRequest,
  toBasePath,
} from './campaign.request.js';
import { createHttpPool, exchange, type HttpAnswer } from './http-exchange.js';
import { createTokenSource, type ReadyToken } from './ims-token.datasource.js';
import type { ClientCredentials } from './ims-token.wire.js';

/** One call as it ended, for metrics. A status call and all its attempts are one call. */
export interface CampaignCall {
  readonly operation: 'start' | 'status' | 'check' | 'token';
  /** `UNEXPECTED` is a fault of the gateway itself. */
  readonly outcome: 'OK' | 'UNEXPECTED' | UpstreamErrorCode;
  /** Waits included, in ms. */
  readonly durationMs: number;
}

export interface CampaignOptions extends CampaignAddress {
  readonly token: ReadyToken | ClientCredentials;
  /** The deadline of one call, its repeats and waits included, in ms. */
  readonly timeoutMs: number;
  /** A positive integer: at most so many calls set out in any second. */
  readonly maxRps: number;
  readonly clock: Clock;
  readonly circuit?: CircuitPlan;
  readonly onCall?: (call: CampaignCall) => void;
}

/**
 * The upstream, and the connections that are kept to it. Besides {@link UpstreamError}, `start` and `status`
 * throw {@link BadUserInputError} for ids that no URL can carry; then nothing is sent, and nothing counted.
 */
export interface CampaignDatasource extends Upstream {
  /** Call off whatever is under way, and close the connections. */
  close(): Promise<void>;
}

/** A status is asked for at most so often within one call. */
const MAX_ATTEMPTS = 3;

/** Between attempts: a random share of 250 ms, then of 500 ms, so that those who failed together spread. */
const retryBackoff = new ExponentialBackoff({
  generator: fullJitterGenerator,
  initialDelay: 250,
  maxDelay: 5000,
});

/** What one logical call is made of. */
interface CallPlan<T> {
  readonly kind: CallKind;
  readonly urgency: Urgency;
  readonly request: TokenlessRequest;
  readonly judge: (answer: HttpAnswer, nowMs: number) => T | CallFailure;
}

/**
 * Create the upstream port over Campaign's HTTP API.
 *
 * Each attempt of a call takes the same way, and each gate may end it before anything is sent:
 *
 *     circuit closed? → access token → turn in the budget → circuit → HTTP exchange → judgement
 *
 * A start is sent once. The one exception is a start answered 401 for an outdated token, which the API
 * gateway did not let through: it is sent again with a new token.
 *
 * @throws {BadUserInputError} the organization cannot stand in a URL
 * @throws {TypeError} the API key or the ready token cannot stand in a header
 * @see docs/upstream.md for what is assumed where the contract is silent
 */
export function createCampaignDatasource(options: CampaignOptions): CampaignDatasource {
  const { clock, timeoutMs, onCall } = options;
  const requests = createCampaignRequests(options);
  const pool = createHttpPool(options.url);
  const budget = createCallBudget(clock, options.maxRps);
  const circuit = createCallCircuit(clock, options.circuit ?? defaultCircuitPlan);
  const tokens = createTokenSource(options.token, {
    clock,
    timeoutMs,
    onFetch: (outcome, durationMs) => onCall?.({ operation: 'token', outcome, durationMs }),
  });
  const underWay = new Set<Deadline>();
  let isClosed = false;

  /** Run a call within its deadline, and tell `onCall` how it ended. */
  async function call<T>(kind: CallKind, run: (deadline: Deadline) => Promise<T>): Promise<T> {
    const startedAt = clock.now();
    const deadline = startDeadline(clock, timeoutMs);
    underWay.add(deadline);
    if (isClosed) deadline.callOff('closing');
    let outcome: CampaignCall['outcome'] = 'OK';
    try {
      return await run(deadline);
    } catch (error) {
      outcome = error instanceof UpstreamError ? error.code : 'UNEXPECTED';
      throw error;
    } finally {
      underWay.delete(deadline);
      deadline.release();
      onCall?.({ operation: kind, outcome, durationMs: clock.now() - startedAt });
    }
  }

  async function repeat<T>(plan: CallPlan<T>, deadline: Deadline): Promise<T> {
    let backoff: IBackoffFactory<unknown> = retryBackoff;
    let isTokenRenewed = false;
    let attempts = 1;
    for (;;) {
      const token = await readyToSend(deadline);
      const result = await send(plan, token, deadline);
      if (!(result instanceof CallFailure)) return result;
      if (result.isTokenRejected && !isTokenRenewed && tokens.discard(token)) {
        isTokenRenewed = true;
        continue;
      }
      const mayRepeat = plan.kind === 'status' && result.isPassing && attempts < MAX_ATTEMPTS;
      if (!mayRepeat) throw result.error;
      attempts += 1;
      const next = backoff.next(undefined);
      backoff = next;
      const delayMs = Math.max(next.duration, result.error.retryAfterMs ?? 0);
      // A wait past the deadline could only turn a failure that says something into a timeout.
      if (delayMs >= deadline.remainingMs()) throw result.error;
      await unlessCalledOff(deadline.wait(delayMs));
    }
  }

  /** The first two gates: give the token, where sending makes sense at all. */
  async function readyToSend(deadline: Deadline): Promise<string> {
    const refused = circuit.refusal();
    if (refused) throw refused.error;
    return unlessCalledOff(deadline.within(tokens.token()));
  }

  async function send<T>(
    { kind, urgency, request, judge }: CallPlan<T>,
    token: string,
    deadline: Deadline,
  ): Promise<T | CallFailure> {
    await budget.turn(urgency, deadline);
    return circuit.run(async () => {
      const answer = await exchange(pool, request(token), deadline.signal);
      if (answer.kind !== 'answered') return toTransportFailure(answer, kind);
      const result = judge(answer, clock.now());
      if (result instanceof CallFailure && result.error.code === 'UPSTREAM_RATE_LIMITED') {
        budget.hold(result.error.retryAfterMs ?? 0);
      }
      return result;
    });
  }

  return {
    async start(mappingId) {
      const plan: CallPlan<Submission> = {
        kind: 'start',
        urgency: 'interactive',
        request: requests.start(mappingId),
        judge: (answer, nowMs) => judgeStartAnswer(answer, mappingId, nowMs),
      };
      return call('start', (deadline) => repeat(plan, deadline));
    },

    async status(ref, urgency) {
      const plan: CallPlan<ReportedState | null> = {
        kind: 'status',
        urgency,
        request: requests.status(ref),
        judge: (answer, nowMs) => judgeStatusAnswer(answer, ref, nowMs),
      };
      return call('status', (deadline) => repeat(plan, deadline));
    },

    // The protocol has no ping, and no call of it is harmless. So: is a token to be had, and does anything
    // at all answer HTTP at the base URL? Takes no turn of the budget and does not ask the circuit, for
    // readiness must not depend on how busy or how unlucky the last calls were.
    check: () =>
      call('check', async (deadline) => {
        await unlessCalledOff(deadline.within(tokens.token()));
        const path = `${toBasePath(options.url)}/`;
        const answer = await exchange(pool, { method: 'HEAD', path, headers: {} }, deadline.signal);
        if (answer.kind !== 'answered') throw toTransportFailure(answer, 'check').error;
      }),

    async close() {
      isClosed = true;
      for (const deadline of underWay) deadline.callOff('closing');
      budget.close();
      await Promise.all([pool.destroy(), tokens.close()]);
    },
  };
}

async function unlessCalledOff<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof CalledOff ? toCalledOffFailure(error, false).error : error;
  }
}
