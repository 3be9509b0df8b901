import type { z } from 'zod';
import { UpstreamError, type UpstreamErrorCode } from '../../ingestion/gateway-error.js';
import type { Administration } from '../../ingestion/ports.js';
import { createCallBudget } from '../upstream/call-budget.js';
import { createCallCircuit, defaultCircuitPlan } from '../upstream/call-circuit.js';
import { type Deadline, startDeadline } from '../upstream/call-deadline.js';
import { type CallPlan, callCampaign } from '../upstream/campaign.call.js';
import { type CallFailure, toInvalidAnswer } from '../upstream/campaign.failure.js';
import { toStatusFailure } from '../upstream/campaign.status-failure.js';
import type { HttpAnswer } from '../upstream/http-exchange.js';
import { createHttpPool, type HttpPoolOptions } from '../upstream/http-pool.js';
import { createTokenSource, type ReadyToken } from '../upstream/ims-token.datasource.js';
import type { ClientCredentials } from '../upstream/ims-token.wire.js';
import { createSlowdown } from '../upstream/slowdown.js';
import { parseWireJson } from '../upstream/wire-json.js';
import {
  type AdministrationCall,
  administrationAnswers,
  administrationRefusals,
  parseChange,
  toAdministrationRequest,
  toJobsCall,
  toMappingCall,
} from './administration.wire.js';

/** People look and change, and a page refreshes every few seconds. */
const MAX_CALLS_PER_SECOND = 50;

/** What calls to the administration API require. */
export interface AdministrationOptions extends HttpPoolOptions {
  /** Of the Campaign service; the API is below it, at `/admin`. */
  readonly url: URL;
  /** Of a client with the role `administration`. */
  readonly token: ReadyToken | ClientCredentials;
  /** The deadline of one call, including repeats and waits, in ms. */
  readonly timeoutMs: number;
}

/** The administration, and its kept connections. */
export interface AdministrationDatasource extends Administration {
  /** Cancel all calls in progress, and close the connections. */
  close(): Promise<void>;
}

/**
 * Create the administration over the Campaign service's HTTP API. It has its own budget, circuit and token, so that
 * looking at jobs delays no poll. Reads are repeated if that may help; a change is sent once.
 */
export function createAdministrationDatasource(
  options: AdministrationOptions,
): AdministrationDatasource {
  const { clock, timeoutMs, maxWaitMs, proxies, url } = options;
  const network = { clock, maxWaitMs, proxies };
  const http = createHttpPool(url, network);
  const tokens = createTokenSource(options.token, { ...network, timeoutMs });
  const budget = createCallBudget(clock, MAX_CALLS_PER_SECOND);
  const circuit = createCallCircuit(clock, defaultCircuitPlan);
  const slowdown = createSlowdown(clock, budget);
  const parts = { http, tokens, budget, circuit, slowdown };
  const underWay = new Set<Deadline>();
  let isClosed = false;

  async function run<T>(
    kind: 'look' | 'change',
    call: AdministrationCall,
    caller: string,
    judge: (answer: HttpAnswer) => T | undefined,
  ): Promise<T> {
    const callKind = kind === 'look' ? 'status' : 'start';
    const plan: CallPlan<T> = {
      kind: callKind,
      waiting: { kind: kind === 'look' ? 'ask' : 'start', caller },
      request: toAdministrationRequest(url, call),
      judge(answer): T | CallFailure {
        try {
          return judge(answer) ?? toStatusFailure(answer, callKind);
        } catch (error) {
          if (answer.status !== 200) return toStatusFailure(answer, callKind);
          const reason = 'it does not come from the administration API';
          return toInvalidAnswer(answer, callKind, reason, { cause: error });
        }
      },
    };
    const deadline = startDeadline(clock, timeoutMs);
    underWay.add(deadline);
    if (isClosed) deadline.cancel('closing');
    try {
      return await callCampaign(parts, plan, deadline);
    } catch (error) {
      throw toAdministrationError(error);
    } finally {
      underWay.delete(deadline);
      deadline.release();
    }
  }

  function look<T>(path: string, answer: z.ZodType<T>, caller: string): Promise<T> {
    return run('look', { method: 'GET', path }, caller, ({ status, body }) =>
      status === 200 ? answer.parse(parseWireJson(body)) : undefined,
    );
  }

  return {
    mappings: async (caller) =>
      (await look('/mappings', administrationAnswers.mappings, caller)).mappings,

    changeMapping: (mappingId, change, caller) =>
      run('change', toMappingCall(mappingId, change), caller, (answer) => {
        const { mapping } = administrationAnswers;
        return parseChange(answer, mapping, administrationRefusals.mapping) ?? undefined;
      }),

    async jobs(filter, after, limit, caller) {
      const { path } = toJobsCall(filter, after, limit);
      return (await look(path, administrationAnswers.jobs, caller)).jobs;
    },

    async job(jobId, caller) {
      const call = { method: 'GET', path: `/jobs/${encodeURIComponent(jobId)}` } as const;
      const { job } = await run('look', call, caller, ({ status, body }) => {
        if (status === 404 || status === 400) return { job: null };
        if (status !== 200) return undefined;
        return { job: administrationAnswers.job.parse(parseWireJson(body)) };
      });
      // Campaign also knows job 1 as 01.
      return job?.jobId === jobId ? job : null;
    },

    cancelJob: (jobId, caller) =>
      run(
        'change',
        { method: 'POST', path: `/jobs/${encodeURIComponent(jobId)}/cancel` },
        caller,
        (answer) =>
          parseChange(answer, administrationAnswers.job, administrationRefusals.job) ?? undefined,
      ),

    async rejects(jobId, after, limit, caller) {
      const path = `/jobs/${encodeURIComponent(jobId)}/rejects?after=${after}&limit=${limit}`;
      return (await look(path, administrationAnswers.rejects, caller)).rejects;
    },

    async close() {
      isClosed = true;
      for (const deadline of underWay) deadline.cancel('closing');
      budget.close();
      await Promise.all([http.destroy(), tokens.close()]);
    },
  };
}

/** What each failure means here, and what to do about it. */
const TEXTS: { readonly [Code in UpstreamErrorCode]: string } = {
  UPSTREAM_UNAVAILABLE:
    'The administration of the Campaign service cannot be reached or is failing: try again later.',
  UPSTREAM_TIMEOUT:
    'The administration of the Campaign service did not answer in time: try again later.',
  UPSTREAM_RATE_LIMITED:
    'The administration of the Campaign service was called too often: wait before you try again.',
  UPSTREAM_UNAUTHENTICATED:
    'The administration of the Campaign service does not accept the gateway’s credentials: check CAMPAIGN_ADMIN_CLIENT_ID and CAMPAIGN_ADMIN_CLIENT_SECRET.',
  UPSTREAM_FORBIDDEN:
    'The administration of the Campaign service forbids this: its client needs the role "administration".',
  UPSTREAM_INVALID_RESPONSE:
    'The administration of the Campaign service sent an answer that cannot be used: check that CAMPAIGN_URL is a Campaign service of this version.',
};

function toAdministrationError(error: unknown): unknown {
  if (!(error instanceof UpstreamError)) return error;
  const { code, upstream, retryAfterMs, outcomeUnknown } = error;
  const text = outcomeUnknown
    ? `${TEXTS[code]} It is unknown whether this was done: check before you repeat it.`
    : TEXTS[code];
  return new UpstreamError(code, text, { upstream, retryAfterMs, outcomeUnknown, cause: error });
}
