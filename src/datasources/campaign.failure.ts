import {
  type UpstreamDetails,
  UpstreamError,
  type UpstreamErrorCode,
} from '../ingestion/gateway-error.js';
import { CalledOff } from './call-deadline.js';
import type { HttpAnswer, HttpExchange } from './http-exchange.js';
import { parseRetryAfterMs } from './retry-after.js';
import { type Complaint, toComplaint, toUpstreamDetails } from './upstream-complaint.js';

/** One attempt that gave no usable answer, and what may be made of that. */
export class CallFailure {
  readonly error: UpstreamError;
  /** The upstream or the way to it is in trouble (no connection, too late, 5xx): the circuit counts it. */
  readonly isTrouble: boolean;
  /** The same call may do better a moment later. Says nothing about whether it may be repeated. */
  readonly isPassing: boolean;
  /** The upstream does not accept the access token, so a newer one may do. */
  readonly isTokenRejected: boolean;

  constructor(
    error: UpstreamError,
    traits: { isTrouble?: boolean; isPassing?: boolean; isTokenRejected?: boolean } = {},
  ) {
    this.error = error;
    this.isTrouble = traits.isTrouble ?? false;
    this.isPassing = traits.isPassing ?? false;
    this.isTokenRejected = traits.isTokenRejected ?? false;
  }
}

/** Which call failed: of a start it must be known whether it may have been taken. */
export type CallKind = 'start' | 'status' | 'check';

/** Name the failure of a request that got no whole answer. */
export function toTransportFailure(
  failed: Exclude<HttpExchange, HttpAnswer>,
  call: CallKind,
): CallFailure {
  const { cause } = failed;
  const isStart = call === 'start';
  switch (failed.kind) {
    case 'unsent':
      return new CallFailure(
        new UpstreamError(
          'UPSTREAM_UNAVAILABLE',
          'The upstream cannot be reached: no connection could be made, and nothing was sent.',
          { cause },
        ),
        { isTrouble: true, isPassing: true },
      );
    case 'broken':
      return new CallFailure(
        new UpstreamError(
          'UPSTREAM_UNAVAILABLE',
          withAdvice(
            'The connection to the upstream broke before its answer was complete.',
            isStart,
          ),
          { cause, outcomeUnknown: isStart },
        ),
        { isTrouble: true, isPassing: true },
      );
    case 'unreadable':
      return new CallFailure(
        new UpstreamError(
          'UPSTREAM_INVALID_RESPONSE',
          withAdvice(
            'The upstream answered something that is not HTTP, or too long to be read.',
            isStart,
          ),
          { cause, outcomeUnknown: isStart },
        ),
      );
    case 'calledOff':
      return toCalledOffFailure(cause, isStart && failed.isSent);
  }
}

/** Name the failure of a call whose deadline passed, or that was cut off by the gateway stopping. */
export function toCalledOffFailure(cause: unknown, outcomeUnknown: boolean): CallFailure {
  const isClosing = cause instanceof CalledOff && cause.reason === 'closing';
  const [code, text]: [UpstreamErrorCode, string] = isClosing
    ? ['UPSTREAM_UNAVAILABLE', 'The gateway is stopping and called off its call to the upstream.']
    : ['UPSTREAM_TIMEOUT', 'The upstream did not answer in time.'];
  const error = new UpstreamError(code, withAdvice(text, outcomeUnknown), {
    cause,
    outcomeUnknown,
  });
  return new CallFailure(error, { isTrouble: !isClosing });
}

/** Name the failure of an answer that was meant well and cannot be used. `fault` completes "because …". */
export function toInvalidAnswer(
  answer: HttpAnswer,
  call: CallKind,
  fault: string,
  cause?: unknown,
): CallFailure {
  const isStart = call === 'start';
  return new CallFailure(
    new UpstreamError(
      'UPSTREAM_INVALID_RESPONSE',
      withAdvice(`The upstream's answer cannot be used, because ${fault}.`, isStart),
      {
        upstream: toUpstreamDetails(answer.status, answer.headers),
        outcomeUnknown: isStart,
        cause,
      },
    ),
  );
}

/**
 * Name the failure that an HTTP status tells of, for an answer that is not one of Campaign's JSON answers.
 *
 * A start counts as not taken where the upstream says so: any 4xx, and a 503 of the API gateway, which
 * stands in front and did not let it through. Everything else leaves its outcome unknown.
 *
 * @param nowMs - by the gateway's clock, for a `Retry-After` that is a date
 */
export function toStatusFailure(answer: HttpAnswer, call: CallKind, nowMs: number): CallFailure {
  const { status, headers } = answer;
  const complaint = toComplaint(answer.body);
  const upstream = toUpstreamDetails(status, headers, complaint.errorCode);
  const retryAfterMs = parseRetryAfterMs(headers['retry-after'], nowMs);
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

function withAdvice(text: string, outcomeUnknown: boolean): string {
  return outcomeUnknown
    ? `${text} Whether the ingestion was started is unknown: look before starting it again.`
    : text;
}
