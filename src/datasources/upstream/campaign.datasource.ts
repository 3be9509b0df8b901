import {
  LogUnavailableError,
  UpstreamError,
  type UpstreamErrorCode,
} from '../../ingestion/gateway-error.js';
import { type ReportedState, toRequestKey } from '../../ingestion/ingestion-request.js';
import type { Upstream } from '../../ingestion/ports.js';
import type { Submission } from '../../ingestion/submission.js';
import { type ApiCallerOptions, createApiCaller } from './api-caller.js';
import type { CallBudget } from './call-budget.js';
import { judgeStartAnswer, judgeStatusAnswer } from './campaign.answer.js';
import { type CallPlan, unlessCancelled } from './campaign.call.js';
import { type CallKind, toTransportFailure } from './campaign.failure.js';
import { type CampaignAddress, createCampaignRequests, toBasePath } from './campaign.request.js';
import { exchange } from './http-exchange.js';
import type { TokenShare } from './token-share.js';

/** One ended call, for metrics. A status call with all its attempts is one call. */
export interface CampaignCall {
  readonly operation: 'start' | 'status' | 'check' | 'token';
  /**
   * `LOG_UNAVAILABLE`: the database with the budget did not respond, so there was no turn. `UNEXPECTED` is a bug in
   * the gateway.
   */
  readonly outcome: 'OK' | 'LOG_UNAVAILABLE' | 'UNEXPECTED' | UpstreamErrorCode;
  /** Including waits, in ms. */
  readonly durationMs: number;
  /** The error, if known here. */
  readonly error?: unknown;
}

/** What calls to the upstream require. */
export interface CampaignOptions extends CampaignAddress, ApiCallerOptions {
  /** A positive integer: the maximum number of calls in any second. */
  readonly maxRps: number;
  /** What replicas share; if left out, this gateway has its own budget and token. */
  readonly shared?: SharedAccess | undefined;
  readonly onCall?: (call: CampaignCall) => void;
}

/** What all replicas of a gateway share about the upstream. */
export interface SharedAccess {
  readonly budget: CallBudget;
  /** For a token that is fetched. */
  readonly tokens: TokenShare | undefined;
}

/**
 * The upstream, and its kept connections. Besides {@link UpstreamError}, `start` and `status` throw {@link
 * BadUserInputError} for ids that can't be in a URL; then nothing is sent or counted.
 */
export interface CampaignDatasource extends Upstream {
  /** Cancel all calls in progress, and close the connections. */
  close(): Promise<void>;
}

/**
 * Create the upstream port over Campaign's HTTP API.
 *
 * Every call has one deadline. All calls share one budget and one circuit, and each is reported to `onCall`.
 *
 * @throws {BadUserInputError} the organization can't be in a URL
 * @throws {TypeError} the API key or the ready token is not valid in a header
 * @see docs/upstream.md for what is assumed where the contract is silent
 */
export function createCampaignDatasource(options: CampaignOptions): CampaignDatasource {
  const { clock, maxRps, shared, onCall } = options;
  const requests = createCampaignRequests(options);
  const { http, tokens, budget, ...calls } = createApiCaller(options, shared?.budget ?? maxRps, {
    share: shared?.tokens,
    onFetch: (outcome, durationMs) => onCall?.({ operation: 'token', outcome, durationMs }),
  });
  /** Status calls in progress. */
  const looks = new Map<string, CallPlan<ReportedState | null>>();

  /** Make a call, and report to `onCall` how it ended. */
  async function reported<T>(kind: CallKind, called: () => Promise<T>): Promise<T> {
    const startedAt = clock.monotonicMs();
    let outcome: CampaignCall['outcome'] = 'OK';
    let failure: unknown;
    try {
      return await called();
    } catch (error) {
      failure = error;
      const isKnown = error instanceof UpstreamError || error instanceof LogUnavailableError;
      outcome = isKnown ? error.code : 'UNEXPECTED';
      throw error;
    } finally {
      const durationMs = clock.monotonicMs() - startedAt;
      onCall?.({ operation: kind, outcome, durationMs, error: failure });
    }
  }

  return {
    async start(mappingId, caller) {
      const plan: CallPlan<Submission> = {
        kind: 'start',
        purpose: { kind: 'start', caller },
        request: requests.start(mappingId),
        judge: (answer) => judgeStartAnswer(answer, mappingId),
      };
      return reported('start', () => calls.call(plan));
    },

    async status(ref, purpose, onTurn) {
      const plan: CallPlan<ReportedState | null> = {
        kind: 'status',
        purpose,
        onTurn,
        request: requests.status(ref),
        judge: (answer) => judgeStatusAnswer(answer, ref),
      };
      const key = toRequestKey(ref);
      looks.set(key, plan);
      try {
        return await reported('status', () => calls.call(plan));
      } finally {
        if (looks.get(key) === plan) looks.delete(key);
      }
    },

    expedite(ref, caller) {
      const look = looks.get(toRequestKey(ref));
      if (look) budget.expedite(look, { kind: 'ask', caller });
    },

    // The protocol has no ping, and none of its calls is harmless. So check whether there is a token, and whether
    // anything answers HTTP at the base URL. This takes no turn of the budget and ignores the circuit, because
    // readiness must not depend on how busy or unlucky the last calls were.
    check: () =>
      reported('check', () =>
        calls.within(async (deadline) => {
          await unlessCancelled(deadline.within(tokens.token()));
          const path = `${toBasePath(options.url)}/`;
          const answer = await exchange(
            http,
            { method: 'HEAD', path, headers: {} },
            deadline.signal,
          );
          if (answer.kind !== 'answered') throw toTransportFailure(answer, 'check').error;
        }),
      ),

    close: calls.close,
  };
}
