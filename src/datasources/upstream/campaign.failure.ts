import { UpstreamError, type UpstreamErrorCode } from '../../ingestion/gateway-error.js';
import { CallCancelledError } from './call-deadline.js';
import type { HttpAnswer, HttpExchange } from './http-exchange.js';
import { findLocalCause } from './local-cause.js';
import { ProxyError } from './outgoing-proxy.js';
import { toUpstreamDetails } from './upstream-complaint.js';

/** What an answer says about the token: that it is not valid, that it may not be, or something else. */
export type TokenRejection = 'certain' | 'possible' | 'none';

/** One attempt without a usable answer, and what it means. */
export class CallFailure {
  readonly error: UpstreamError;
  /** The upstream or the network is in trouble (no connection, too late, 5xx). The circuit counts it. */
  readonly isTrouble: boolean;
  /** The same call may succeed a moment later. Says nothing about whether it may be repeated. */
  readonly isTransient: boolean;
  /** Whether the upstream rejects the access token, so that a newer one may help. */
  readonly tokenRejection: TokenRejection;

  constructor(
    error: UpstreamError,
    traits: { isTrouble?: boolean; isTransient?: boolean; tokenRejection?: TokenRejection } = {},
  ) {
    this.error = error;
    this.isTrouble = traits.isTrouble ?? false;
    this.isTransient = traits.isTransient ?? false;
    this.tokenRejection = traits.tokenRejection ?? 'none';
  }
}

/** The kind of the failed call: for a start it matters whether it may have been accepted. */
export type CallKind = 'start' | 'status' | 'check';

/** Convert the failure of a request without a complete answer. */
export function toTransportFailure(
  failed: Exclude<HttpExchange, HttpAnswer>,
  call: CallKind,
): CallFailure {
  const { cause } = failed;
  const isStart = call === 'start';
  switch (failed.kind) {
    case 'unsent':
      return new CallFailure(
        new UpstreamError('UPSTREAM_UNAVAILABLE', toUnsentText(cause), { cause }),
        { isTrouble: findLocalCause(cause) === null, isTransient: true },
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
        { isTrouble: true, isTransient: true },
      );
    case 'unreadable':
      return new CallFailure(
        new UpstreamError(
          'UPSTREAM_INVALID_RESPONSE',
          withAdvice('The upstream’s answer is not HTTP, or is too long.', isStart),
          { cause, outcomeUnknown: isStart },
        ),
      );
    case 'cancelled':
      return toCancelledFailure(cause, isStart && failed.isSent);
  }
}

/** Node's codes for certificates that it does not trust. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/;

function toUnsentText(cause: unknown): string {
  const localCause = findLocalCause(cause);
  if (localCause !== null) {
    return `The gateway cannot call the upstream now, because ${localCause}. Nothing was sent.`;
  }
  if (cause instanceof ProxyError) {
    return `The upstream cannot be reached, because ${cause.message}. Nothing was sent.`;
  }
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined || !UNTRUSTED.test(code)) {
    return 'The upstream cannot be reached: the connection failed, and nothing was sent.';
  }
  return `The upstream cannot be reached safely: its certificate is not trusted (${code}). Nothing was sent. If a private authority issued it, the operator must set NODE_EXTRA_CA_CERTS to that authority’s certificate.`;
}

/** Convert the failure of a call whose deadline passed, or that was cancelled because the gateway is stopping. */
export function toCancelledFailure(cause: unknown, outcomeUnknown: boolean): CallFailure {
  const isClosing = cause instanceof CallCancelledError && cause.reason === 'closing';
  const [code, text]: [UpstreamErrorCode, string] = isClosing
    ? ['UPSTREAM_UNAVAILABLE', 'The gateway is stopping and cancelled its call to the upstream.']
    : ['UPSTREAM_TIMEOUT', 'The upstream did not answer in time.'];
  const error = new UpstreamError(code, withAdvice(text, outcomeUnknown), {
    cause,
    outcomeUnknown,
  });
  return new CallFailure(error, { isTrouble: !isClosing });
}

/**
 * Convert the failure of an answer that can't be used.
 *
 * @param reason - completes "because …"
 */
export function toInvalidAnswer(
  answer: HttpAnswer,
  call: CallKind,
  reason: string,
  { cause, isTransient = false }: { readonly cause: unknown; readonly isTransient?: boolean },
): CallFailure {
  const isStart = call === 'start';
  return new CallFailure(
    new UpstreamError(
      'UPSTREAM_INVALID_RESPONSE',
      withAdvice(`The upstream's answer cannot be used, because ${reason}.`, isStart),
      {
        upstream: toUpstreamDetails(answer.status, answer.headers),
        outcomeUnknown: isStart,
        cause,
      },
    ),
    { isTransient },
  );
}

/** Add advice to a message if a start may have been accepted. */
export function withAdvice(text: string, outcomeUnknown: boolean): string {
  return outcomeUnknown
    ? `${text} It is unknown whether the ingestion was started: check in Campaign before you start it again.`
    : text;
}
