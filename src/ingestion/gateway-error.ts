/** What the upstream said of a call that failed: its HTTP status, its own error code, its id for the call. */
export interface UpstreamDetails {
  readonly status?: number;
  readonly errorCode?: string;
  readonly requestId?: string;
}

/**
 * A failure that a caller can act on. Its message and extensions are safe to show to anybody: no upstream
 * body, no secret, no stack. What is only for the operator hangs on `cause`.
 */
export abstract class GatewayError extends Error {
  abstract readonly code: string;

  /** What goes to clients beside the message, `code` included. */
  get extensions(): Record<string, unknown> {
    return { code: this.code };
  }
}

/** The ways in which a call to the upstream fails. */
export type UpstreamErrorCode =
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_RATE_LIMITED'
  | 'UPSTREAM_UNAUTHENTICATED'
  | 'UPSTREAM_FORBIDDEN'
  | 'UPSTREAM_INVALID_RESPONSE';

/** What is known of a failed call, beside its code. */
export interface UpstreamErrorOptions {
  readonly upstream?: UpstreamDetails | undefined;
  /** How long to wait before asking again, in ms, where it is known. */
  readonly retryAfterMs?: number | undefined;
  /** True where a start may have been taken all the same: it must not simply be sent again. */
  readonly outcomeUnknown?: boolean;
  readonly cause?: unknown;
}

/** A call to the upstream that gave no usable answer. It says nothing about the ingestion itself. */
export class UpstreamError extends GatewayError {
  override readonly name = 'UpstreamError';
  readonly upstream: UpstreamDetails | undefined;
  readonly retryAfterMs: number | undefined;
  readonly outcomeUnknown: boolean;

  constructor(
    readonly code: UpstreamErrorCode,
    message: string,
    options: UpstreamErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.upstream = options.upstream;
    this.retryAfterMs = options.retryAfterMs;
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }

  override get extensions(): Record<string, unknown> {
    return {
      code: this.code,
      ...(this.upstream && { upstream: this.upstream }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
      ...(this.outcomeUnknown && { outcomeUnknown: true }),
    };
  }
}

/** A call that was not made: there was no room for it in the gateway’s own queue. It says nothing of the upstream. */
export class CallCongestedError extends UpstreamError {
  constructor(message: string, retryAfterMs: number) {
    super('UPSTREAM_RATE_LIMITED', message, { retryAfterMs: Math.ceil(retryAfterMs) });
  }
}

/** As those of the upstream, each for the same trouble with Adobe Experience Platform. */
export type PlatformErrorCode = UpstreamErrorCode extends `UPSTREAM_${infer Trouble}`
  ? `PLATFORM_${Trouble}`
  : never;

/** A look-up in Adobe Experience Platform that gave no usable answer. It says nothing about the batch. */
export class PlatformError extends GatewayError {
  override readonly name = 'PlatformError';
  readonly upstream: UpstreamDetails | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: PlatformErrorCode,
    message: string,
    options: Pick<UpstreamErrorOptions, 'upstream' | 'retryAfterMs' | 'cause'> = {},
  ) {
    super(message, { cause: options.cause });
    this.upstream = options.upstream;
    this.retryAfterMs = options.retryAfterMs;
  }

  override get extensions(): Record<string, unknown> {
    return {
      code: this.code,
      ...(this.upstream && { upstream: this.upstream }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
    };
  }
}

/** A subscription to a request that the upstream does not know. */
export class RequestNotFoundError extends GatewayError {
  override readonly name = 'RequestNotFoundError';
  readonly code = 'INGESTION_REQUEST_NOT_FOUND';
}

/** A cursor that this gateway's log never gave. */
export class CursorInvalidError extends GatewayError {
  override readonly name = 'CursorInvalidError';
  readonly code = 'CURSOR_INVALID';
}

/** An argument that no caller may pass; the message says what is allowed. */
export class BadUserInputError extends GatewayError {
  override readonly name = 'BadUserInputError';
  readonly code = 'BAD_USER_INPUT';
}

/** A start that failed by a fault of the gateway, which is logged: whether it was sent is not known. */
export class StartFaultError extends GatewayError {
  override readonly name = 'StartFaultError';
  readonly code = 'INTERNAL_SERVER_ERROR';
  readonly outcomeUnknown = true;

  constructor(cause: unknown) {
    super('The gateway failed to answer this. The fault is logged.', { cause });
  }

  override get extensions(): Record<string, unknown> {
    return { code: this.code, outcomeUnknown: true };
  }
}

/** A caller that asks for more than it may have in this minute. */
export class RateLimitedError extends GatewayError {
  override readonly name = 'RateLimitedError';
  readonly code = 'RATE_LIMITED';

  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }

  override get extensions(): Record<string, unknown> {
    return { code: this.code, retryAfterMs: this.retryAfterMs };
  }
}

/** An operation took longer than it may. Nothing was started for it that is not told. */
export class OperationTimeoutError extends GatewayError {
  override readonly name = 'OperationTimeoutError';
  readonly code = 'OPERATION_TIMEOUT';
}

/** More operations under way than there may be: on one socket, of one caller, or of all. */
export class TooManyOperationsError extends GatewayError {
  override readonly name = 'TooManyOperationsError';
  readonly code = 'TOO_MANY_OPERATIONS';

  constructor(
    message: string,
    readonly whose: 'socket' | 'caller' | 'all',
  ) {
    super(message);
  }
}

/** The process is about to end, and takes no new work. */
export class ShuttingDownError extends GatewayError {
  override readonly name = 'ShuttingDownError';
  readonly code = 'SHUTTING_DOWN';

  constructor() {
    super('The gateway is shutting down. Ask again.');
  }
}

/** The log cannot take or give anything now (a full disk, say). What was observed is not lost by it: it is asked for again. */
export class LogUnavailableError extends GatewayError {
  override readonly name = 'LogUnavailableError';
  readonly code = 'LOG_UNAVAILABLE';
  /** True where a start may have been taken all the same: it must not simply be sent again. */
  readonly outcomeUnknown: boolean;

  constructor(message: string, options: { cause?: unknown; outcomeUnknown?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }

  override get extensions(): Record<string, unknown> {
    return { code: this.code, ...(this.outcomeUnknown && { outcomeUnknown: true }) };
  }
}

/** Whether the log has taken what was written to it last is not known, and cannot be asked now. */
export class CommitUncertainError extends LogUnavailableError {}

/** A start was not sent. The log may have it as sent all the same, until it is taken back. */
export class StartNotSentError extends LogUnavailableError {
  constructor(
    message: string,
    readonly intentId: number,
    options: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The log has no such start any more: the upstream certainly did not take it, or it is too long ago. */
export class StartForgottenError extends Error {
  override readonly name = 'StartForgottenError';
}

/** The log is not what was written to it. Nothing of it may be served as truth any more. */
export class LogDamagedError extends GatewayError {
  override readonly name = 'LogDamagedError';
  readonly code = 'LOG_UNAVAILABLE';

  constructor(cause?: unknown) {
    super('The log of transitions is damaged. The operator must restore it.', { cause });
  }
}

/** The caller is known, and may not do this. */
export class ForbiddenError extends GatewayError {
  override readonly name = 'ForbiddenError';
  readonly code = 'FORBIDDEN';
}

/** Why nobody could be identified: nothing was shown, it holds no more, or it never did. */
export type UnauthenticatedReason = 'missing' | 'expired' | 'refused';

const unauthenticatedMessages: Record<UnauthenticatedReason, string> = {
  missing:
    'Sign in: send an access token or an API key as "Authorization: Bearer …"; over WebSocket also as { "authorization": "Bearer …" } in the payload of connection_init.',
  expired: 'What you signed in with has expired. Get a new one.',
  refused:
    'What you signed in with is not accepted: it is neither an access token for this gateway nor one of its API keys.',
};

/** This upstream has no administration, or the gateway has no credentials for it. */
export class AdministrationUnavailableError extends GatewayError {
  override readonly name = 'AdministrationUnavailableError';
  readonly code = 'ADMINISTRATION_UNAVAILABLE';

  constructor() {
    super(
      'Mappings cannot be managed here: the upstream is none that has an administration, or the gateway has no credentials for it (CAMPAIGN_ADMIN_CLIENT_ID).',
    );
  }
}

/** Nobody whom this gateway knows. */
export class UnauthenticatedError extends GatewayError {
  override readonly name = 'UnauthenticatedError';
  readonly code = 'UNAUTHENTICATED';

  /** @param cause - what exactly was wrong, for the operator alone */
  constructor(
    readonly reason: UnauthenticatedReason,
    cause?: unknown,
  ) {
    super(unauthenticatedMessages[reason], { cause });
  }
}

/** Whether an access token is good cannot be found out now. */
export class SignInUnavailableError extends GatewayError {
  override readonly name = 'SignInUnavailableError';
  readonly code = 'SIGN_IN_UNAVAILABLE';

  constructor(cause: unknown) {
    super(
      'The keys that access tokens are checked with cannot be fetched now. Your token may be good; try again later.',
      { cause },
    );
  }
}
