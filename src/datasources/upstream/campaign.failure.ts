import { UpstreamError, type UpstreamErrorCode } from '../../ingestion/gateway-error.js';
import { CalledOff } from './call-deadline.js';
import type { HttpAnswer, HttpExchange } from './http-exchange.js';
import { ProxyFault } from './outgoing-proxy.js';
import { findOwnFault } from './own-fault.js';
import { toUpstreamDetails } from './upstream-complaint.js';

/** Of an answer: it says that the token is not valid; it may mean that; or it is about something else. */
export type TokenRejection = 'certain' | 'possible' | 'none';

/** One attempt that gave no usable answer, and what may be made of that. */
export class CallFailure {
  readonly error: UpstreamError;
  /** The upstream or the way to it is in trouble (no connection, too late, 5xx): the circuit counts it. */
  readonly isTrouble: boolean;
  /** The same call may do better a moment later. Says nothing about whether it may be repeated. */
  readonly isPassing: boolean;
  /** Whether it is the access token that the upstream does not accept, so that a newer one may do. */
  readonly tokenRejection: TokenRejection;

  constructor(
    error: UpstreamError,
    traits: { isTrouble?: boolean; isPassing?: boolean; tokenRejection?: TokenRejection } = {},
  ) {
    this.error = error;
    this.isTrouble = traits.isTrouble ?? false;
    this.isPassing = traits.isPassing ?? false;
    this.tokenRejection = traits.tokenRejection ?? 'none';
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
        new UpstreamError('UPSTREAM_UNAVAILABLE', toUnsentText(cause), { cause }),
        { isTrouble: findOwnFault(cause) === null, isPassing: true },
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

/** Node's codes for certificates that it does not trust. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/;

function toUnsentText(cause: unknown): string {
  const ownFault = findOwnFault(cause);
  if (ownFault !== null) {
    return `The gateway cannot call the upstream now, because ${ownFault}. Nothing was sent.`;
  }
  if (cause instanceof ProxyFault) {
    return `The upstream cannot be reached, because ${cause.message}. Nothing was sent.`;
  }
  const { code } = cause as NodeJS.ErrnoException;
  if (code === undefined || !UNTRUSTED.test(code)) {
    return 'The upstream cannot be reached: no connection could be made, and nothing was sent.';
  }
  return `The upstream cannot be reached safely: its certificate is not trusted (${code}), and nothing was sent. Where an authority of your own has issued it, the operator names that in NODE_EXTRA_CA_CERTS.`;
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

/**
 * Name the failure of an answer that cannot be used.
 *
 * @param fault - completes "because …"
 */
export function toInvalidAnswer(
  answer: HttpAnswer,
  call: CallKind,
  fault: string,
  { cause, isPassing = false }: { readonly cause: unknown; readonly isPassing?: boolean },
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
    { isPassing },
  );
}

/** Add to a message what to do where a start may have been taken. */
export function withAdvice(text: string, outcomeUnknown: boolean): string {
  return outcomeUnknown
    ? `${text} Whether the ingestion was started is unknown: look before starting it again.`
    : text;
}
