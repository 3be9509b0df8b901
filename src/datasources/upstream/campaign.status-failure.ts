import {
  type UpstreamDetails,
  UpstreamError,
  type UpstreamErrorCode,
} from '../../ingestion/gateway-error.js';
import { CallFailure, type CallKind, withAdvice } from './campaign.failure.js';
import type { HttpAnswer } from './http-exchange.js';
import { type Complaint, toComplaint, toUpstreamDetails } from './upstream-complaint.js';

/**
 * Name the failure that an HTTP status tells of, for an answer that is not one of Campaign's JSON answers.
 *
 * A start counts as not taken where the upstream says so: any 4xx, and a 503 of the API gateway, which
 * stands in front and did not let it through. Everything else leaves its outcome unknown.
 */
export function toStatusFailure(answer: HttpAnswer, call: CallKind): CallFailure {
  const { status, headers, retryAfterMs } = answer;
  const complaint = toComplaint(answer.body);
  const upstream = toUpstreamDetails(status, headers, complaint.errorCode);
  const isDefinite =
    (status >= 400 && status < 500) || (status === 503 && complaint.from === 'gateway');
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
      isPassing: status >= 500 || status === 429,
      isTokenRejected: status === 401 && complaint.errorCode === '401013',
    },
  );
}

function toCodeAndText(
  { from, errorCode }: Complaint,
  { status = 0 }: UpstreamDetails,
): { code: UpstreamErrorCode; text: string } {
  if (status === 401) {
    return {
      code: 'UPSTREAM_UNAUTHENTICATED',
      text: 'The upstream does not accept the access token: check the credentials of the gateway.',
    };
  }
  if (status === 403 && errorCode === '403010') {
    // Its status says forbidden; what it means is that nobody was named who could be forbidden anything.
    return {
      code: 'UPSTREAM_UNAUTHENTICATED',
      text: 'The upstream saw no access token: check the credentials of the gateway and any proxy on the way.',
    };
  }
  if (status === 403) return { code: 'UPSTREAM_FORBIDDEN', text: toForbiddenText(errorCode) };
  if (status === 429) {
    return {
      code: 'UPSTREAM_RATE_LIMITED',
      text:
        errorCode === '429001'
          ? "The usage limit of the upstream's service is reached: wait, or have it raised."
          : 'The upstream was called too often: wait before asking again.',
    };
  }
  if (status === 504) {
    return {
      code: 'UPSTREAM_TIMEOUT',
      text: 'The upstream did not get its own answer in time (HTTP 504): ask again later.',
    };
  }
  if (status >= 500 && from === 'router') {
    return {
      code: 'UPSTREAM_UNAVAILABLE',
      text: `The upstream failed before Campaign was reached (HTTP ${status}): it says so of an organization it does not know, so check that one first.`,
    };
  }
  if (status >= 500) {
    return {
      code: 'UPSTREAM_UNAVAILABLE',
      text: `The upstream is failing (HTTP ${status}): ask again later.`,
    };
  }
  return {
    code: 'UPSTREAM_INVALID_RESPONSE',
    text:
      status >= 300 && status < 400
        ? `The upstream answered with a redirect (HTTP ${status}), which is not followed: check the URL of the upstream.`
        : `The upstream answered HTTP ${status} with nothing that the API documents: check the URL of the upstream and the organization.`,
  };
}

function toForbiddenText(errorCode: string | undefined): string {
  switch (errorCode) {
    case '403000':
    case '403003':
      return 'The upstream does not accept the API key: check the API key of the gateway.';
    case '403023':
      return 'The upstream does not accept the profile of the access token: check what its credentials belong to.';
    default:
      return 'The upstream forbids this call: a start needs the SQL function execution role.';
  }
}
