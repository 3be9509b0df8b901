import type { z } from 'zod';
import { UpstreamError, type UpstreamErrorCode } from '../../ingestion/gateway-error.js';
import type { Administration } from '../../ingestion/ports.js';
import { type ApiCallerOptions, createApiCaller } from '../upstream/api-caller.js';
import type { CallPlan } from '../upstream/campaign.call.js';
import { type CallFailure, toInvalidAnswer } from '../upstream/campaign.failure.js';
import { toStatusFailure } from '../upstream/campaign.status-failure.js';
import type { HttpAnswer } from '../upstream/http-exchange.js';
import { parseWireJson } from '../upstream/wire-json.js';
import {
  type AdministrationCall,
  administrationAnswers,
  administrationRefusals,
  parseChange,
  toAdministrationRequest,
  toJobsPath,
  toMappingCall,
} from './administration.wire.js';

/** People look and change, and a page refreshes every few seconds. */
const MAX_CALLS_PER_SECOND = 50;

/**
 * Create the administration over the Campaign service's HTTP API. It has its own budget, circuit and token, so that
 * looking at jobs delays no poll. Reads are repeated if that may help; a change is sent once.
 *
 * @param options - with the URL of the Campaign service, which has the API below it, at `/admin`; and the credentials of
 *   a client with the role `administration`
 * @returns also `close`, which cancels all calls in progress, and closes the connections
 */
export function createAdministrationDatasource(
  options: ApiCallerOptions,
): Administration & { close(): Promise<void> } {
  const calls = createApiCaller(options, MAX_CALLS_PER_SECOND);

  async function run<T>(
    kind: 'look' | 'change',
    call: AdministrationCall,
    caller: string,
    judge: (answer: HttpAnswer) => T | undefined,
  ): Promise<T> {
    const callKind = kind === 'look' ? 'status' : 'start';
    const plan: CallPlan<T> = {
      kind: callKind,
      purpose: { kind: kind === 'look' ? 'ask' : 'start', caller },
      request: toAdministrationRequest(options.url, call),
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
    return calls.call(plan).catch((error: unknown) => {
      throw toAdministrationError(error);
    });
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
      run('change', toMappingCall(mappingId, change), caller, (answer) =>
        parseChange(answer, administrationAnswers.mapping, administrationRefusals.mapping),
      ),

    jobs: async (filter, after, limit, caller) =>
      (await look(toJobsPath(filter, after, limit), administrationAnswers.jobs, caller)).jobs,

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
        (answer) => parseChange(answer, administrationAnswers.job, administrationRefusals.job),
      ),

    async rejects(jobId, after, limit, caller) {
      const path = `/jobs/${encodeURIComponent(jobId)}/rejects?after=${after}&limit=${limit}`;
      return (await look(path, administrationAnswers.rejects, caller)).rejects;
    },

    close: calls.close,
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
