import {
  type UpstreamDetails,
  UpstreamError,
  type UpstreamErrorCode,
} from '../../ingestion/gateway-error.js';
import { CallFailure, type CallKind, type TokenRejection, withAdvice } from './campaign.failure.js';
import type { HttpAnswer } from './http-exchange.js';
import { type Complaint, toComplaint, toUpstreamDetails } from './upstream-complaint.js';

/**
 * Convert an HTTP status to a failure, for an answer that is not one of Campaign's JSON answers.
 *
 * A start counts as not accepted if the upstream says so: any 4xx; a 503 of the API gateway, which is in front and
 * did not let it through; and a redirect, which would have to be followed first. Everything else leaves its outcome
 * unknown.
 */
export function toStatusFailure(answer: HttpAnswer, call: CallKind): CallFailure {
  const { status, headers, retryAfterMs } = answer;
  const complaint = toComplaint(answer.body);
  const upstream = toUpstreamDetails(status, headers, complaint.errorCode);
  const isDefinite =
    (status >= 400 && status < 500) ||
    isRedirect(status) ||
    (status === 503 && complaint.from === 'gateway');
  const outcomeUnknown = call === 'start' && !isDefinite;
  const { code, text } = toCodeAndText(complaint, upstream);
  return new CallFailure(
    new UpstreamError(code, withAdvice(text, outcomeUnknown), {
      upstream,
      retryAfterMs,
      outcomeUnknown,
    }),
    {
      isTrouble: status >= 500,
      isTransient: status >= 500 || status === 429,
      tokenRejection: toTokenRejection(answer, complaint.errorCode),
    },
  );
}

/** By definition, 303 says where to find the result of an accepted call. */
function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 303;
}

const TOKEN_NOT_VALID = '401013';
const TOKEN_MISSING = '403010';
const API_KEY_CODES = new Set(['403000', '403003']);
const PROFILE_NOT_VALID = '403023';

function toTokenRejection(
  { status, headers }: HttpAnswer,
  errorCode: string | undefined = '',
): TokenRejection {
  if (status !== 401 && status !== 403) return 'none';
  if (errorCode === TOKEN_NOT_VALID) return 'certain';
  const isOfSomethingElse =
    API_KEY_CODES.has(errorCode) || [TOKEN_MISSING, PROFILE_NOT_VALID].includes(errorCode);
  if (status === 403 || isOfSomethingElse) return 'none';
  return /\berror\s*=\s*"?invalid_token\b/i.test(String(headers['www-authenticate']))
    ? 'certain'
    : 'possible';
}

function toCodeAndText(
  { from, errorCode }: Complaint,
  { status = 0 }: UpstreamDetails,
): { code: UpstreamErrorCode; text: string } {
  const isRefusal = status === 401 || status === 403;
  if (isRefusal && errorCode === TOKEN_MISSING) {
    // Its status says forbidden, but it means that the call carried no identity that could be forbidden anything.
    return {
      code: 'UPSTREAM_UNAUTHENTICATED',
      text: 'The upstream received no access token: check the credentials of the gateway and any proxy in between.',
    };
  }
  if (isRefusal && errorCode && [...API_KEY_CODES, PROFILE_NOT_VALID].includes(errorCode)) {
    return { code: 'UPSTREAM_FORBIDDEN', text: toForbiddenText(errorCode) };
  }
  if (status === 401 || (status === 403 && errorCode === TOKEN_NOT_VALID)) {
    return {
      code: 'UPSTREAM_UNAUTHENTICATED',
      text: 'The upstream does not accept the access token: check the credentials of the gateway.',
    };
  }
  if (status === 403) return { code: 'UPSTREAM_FORBIDDEN', text: toForbiddenText(errorCode) };
  if (status === 429) {
    return {
      code: 'UPSTREAM_RATE_LIMITED',
      text:
        errorCode === '429001'
          ? "The usage limit of the upstream's service is reached: wait, or have it raised."
          : 'The upstream was called too often: wait before you try again.',
    };
  }
  if (status === 504) {
    return {
      code: 'UPSTREAM_TIMEOUT',
      text: 'The upstream did not get its own answer in time (HTTP 504): try again later.',
    };
  }
  if (status >= 500 && from === 'router') {
    return {
      code: 'UPSTREAM_UNAVAILABLE',
      text: `The upstream failed before it reached Campaign (HTTP ${status}). This usually means that it does not know the organization, so check that first.`,
    };
  }
  if (status >= 500) {
    return {
      code: 'UPSTREAM_UNAVAILABLE',
      text: `The upstream is failing (HTTP ${status}): try again later.`,
    };
  }
  if (status >= 300 && status < 400) {
    const outcome = isRedirect(status) ? ', so the call was not accepted' : '';
    return {
      code: 'UPSTREAM_INVALID_RESPONSE',
      text: `The upstream answered with a redirect (HTTP ${status}), which is not followed${outcome}: the operator should set CAMPAIGN_URL to the API itself.`,
    };
  }
  return {
    code: 'UPSTREAM_INVALID_RESPONSE',
    text: `The upstream answered HTTP ${status} with something that the API does not document: check the ids in the call. Operator: check the URL of the upstream and the organization.`,
  };
}

function toForbiddenText(errorCode: string | undefined): string {
  switch (errorCode) {
    case '403000':
    case '403003':
      return 'The upstream does not accept the API key: check the API key of the gateway.';
    case '403023':
      return 'The upstream does not accept the profile of the access token: check which profile its credentials belong to.';
    default:
      return 'The upstream forbids this call: a start needs the SQL function execution role.';
  }
}
