/** What the upstream said about a failed call: its HTTP status, its error code, its id for the call. */
export interface UpstreamDetails {
  readonly status?: number;
  readonly errorCode?: string;
  readonly requestId?: string;
}

/**
 * A failure that a caller can act on. Its message and extensions are safe to show to anybody: no upstream body, no
 * secret, no stack. Details for the operator are in `cause`.
 */
export abstract class GatewayError extends Error {
  abstract readonly code: string;

  /** What clients get besides the message, including `code`. */
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

/** What is known about a failed call, besides its code. */
export interface UpstreamErrorOptions {
  readonly upstream?: UpstreamDetails | undefined;
  /** How long to wait before trying again, in ms, if known. */
  readonly retryAfterMs?: number | undefined;
  /** True if the upstream may have accepted a start anyway. Then nobody may simply send it again. */
  readonly outcomeUnknown?: boolean;
  readonly cause?: unknown;
}

/** A call that gave no usable answer, to the upstream or to Adobe Experience Platform. */
abstract class NoAnswerError extends GatewayError {
  readonly upstream: UpstreamDetails | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    { upstream, retryAfterMs, cause }: Omit<UpstreamErrorOptions, 'outcomeUnknown'>,
  ) {
    super(message, { cause });
    this.upstream = upstream;
    this.retryAfterMs = retryAfterMs;
  }

  override get extensions(): Record<string, unknown> {
    return {
      code: this.code,
      ...(this.upstream && { upstream: this.upstream }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
    };
  }
}

/** A call to the upstream that gave no usable answer. It says nothing about the ingestion itself. */
export class UpstreamError extends NoAnswerError {
  override readonly name = 'UpstreamError';
  readonly outcomeUnknown: boolean;

  constructor(
    readonly code: UpstreamErrorCode,
    message: string,
    options: UpstreamErrorOptions = {},
  ) {
    super(message, options);
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }

  override get extensions(): Record<string, unknown> {
    return { ...super.extensions, ...(this.outcomeUnknown && { outcomeUnknown: true }) };
  }
}

/** A call that was not made, because the gateway's own queue had no room for it. It says nothing about the upstream. */
export class CallCongestedError extends UpstreamError {
  constructor(message: string, retryAfterMs: number) {
    super('UPSTREAM_RATE_LIMITED', message, { retryAfterMs: Math.ceil(retryAfterMs) });
  }
}

/** The upstream's codes, for the same failures of Adobe Experience Platform. */
export type PlatformErrorCode = UpstreamErrorCode extends `UPSTREAM_${infer Trouble}`
  ? `PLATFORM_${Trouble}`
  : never;

/** A look-up in Adobe Experience Platform without a usable answer. It says nothing about the batch. */
export class PlatformError extends NoAnswerError {
  override readonly name = 'PlatformError';

  constructor(
    readonly code: PlatformErrorCode,
    message: string,
    options: Omit<UpstreamErrorOptions, 'outcomeUnknown'> = {},
  ) {
    super(message, options);
  }
}

/** A subscription to a request that the upstream does not know. */
export class RequestNotFoundError extends GatewayError {
  override readonly name = 'RequestNotFoundError';
  readonly code = 'INGESTION_REQUEST_NOT_FOUND';
}

/** A cursor that this gateway's log did not create. */
export class CursorInvalidError extends GatewayError {
  override readonly name = 'CursorInvalidError';
  readonly code = 'CURSOR_INVALID';
}

/** An argument that no caller may pass. The message says what is allowed. */
export class BadUserInputError extends GatewayError {
  override readonly name = 'BadUserInputError';
  readonly code = 'BAD_USER_INPUT';
}

/** A start that failed because of a bug in the gateway, which is logged. Nobody knows whether it was sent. */
export class StartInternalError extends GatewayError {
  override readonly name = 'StartInternalError';
  readonly code = 'INTERNAL_SERVER_ERROR';
  readonly outcomeUnknown = true;

  constructor(cause: unknown) {
    super('The gateway failed to answer this. Its log has the details.', { cause });
  }

  override get extensions(): Record<string, unknown> {
    return { code: this.code, outcomeUnknown: true };
  }
}

/** A caller asked for more than it may have this minute. */
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

/** An operation took too long. It started nothing that its result doesn't mention. */
export class OperationTimeoutError extends GatewayError {
  override readonly name = 'OperationTimeoutError';
  readonly code = 'OPERATION_TIMEOUT';
}

/** Too many operations are in progress: on one socket, of one caller, or of all callers. */
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

/** The process is stopping, and accepts no new work. */
export class ShuttingDownError extends GatewayError {
  override readonly name = 'ShuttingDownError';
  readonly code = 'SHUTTING_DOWN';

  constructor() {
    super('The gateway is shutting down. Try again.');
  }
}

/**
 * The log can't be written or read now, for example because the disk is full. No observation is lost: the gateway
 * polls again.
 */
export class LogUnavailableError extends GatewayError {
  override readonly name = 'LogUnavailableError';
  readonly code = 'LOG_UNAVAILABLE';
  /** True if the upstream may have accepted a start anyway. Then nobody may simply send it again. */
  readonly outcomeUnknown: boolean;

  constructor(message: string, options: { cause?: unknown; outcomeUnknown?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }

  override get extensions(): Record<string, unknown> {
    return { code: this.code, ...(this.outcomeUnknown && { outcomeUnknown: true }) };
  }
}

/** Nobody knows whether the log's last commit succeeded, and nobody can find out now. */
export class CommitUncertainError extends LogUnavailableError {}

/** A start was not sent. The log may still have it as sent, until it is withdrawn. */
export class StartNotSentError extends LogUnavailableError {
  constructor(
    message: string,
    readonly intentId: number,
    options: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The log no longer has this start: the upstream certainly did not accept it, or it is too old. */
export class StartForgottenError extends Error {
  override readonly name = 'StartForgottenError';
}

/** The log does not contain what was written to it. Its content must no longer be served. */
export class LogDamagedError extends GatewayError {
  override readonly name = 'LogDamagedError';
  readonly code = 'LOG_UNAVAILABLE';

  constructor(cause?: unknown) {
    super('The log of transitions is damaged. The operator must restore it.', { cause });
  }
}

/** The caller is known, but may not do this. */
export class ForbiddenError extends GatewayError {
  override readonly name = 'ForbiddenError';
  readonly code = 'FORBIDDEN';
}

/** Why nobody could be identified: there were no credentials, they have expired, or they are not valid. */
export type UnauthenticatedReason = 'missing' | 'expired' | 'refused';

const unauthenticatedMessages: Record<UnauthenticatedReason, string> = {
  missing:
    'Sign in: send an access token or an API key as "Authorization: Bearer …"; over WebSocket also as { "authorization": "Bearer …" } in the payload of connection_init.',
  expired: 'Your credentials have expired. Get new ones.',
  refused:
    'Your credentials were refused: they are neither a valid access token for this gateway nor one of its API keys.',
};

/** This upstream has no administration API, or the gateway has no credentials for it. */
export class AdministrationUnavailableError extends GatewayError {
  override readonly name = 'AdministrationUnavailableError';
  readonly code = 'ADMINISTRATION_UNAVAILABLE';

  constructor() {
    super(
      'Mappings cannot be managed here: the upstream has no administration API, or the gateway has no credentials for it (CAMPAIGN_ADMIN_CLIENT_ID).',
    );
  }
}

/** No caller could be identified. */
export class UnauthenticatedError extends GatewayError {
  override readonly name = 'UnauthenticatedError';
  readonly code = 'UNAUTHENTICATED';

  /** @param cause - what exactly was wrong, only for the operator */
  constructor(
    readonly reason: UnauthenticatedReason,
    cause?: unknown,
  ) {
    super(unauthenticatedMessages[reason], { cause });
  }
}

/** The gateway can't check access tokens now. */
export class SignInUnavailableError extends GatewayError {
  override readonly name = 'SignInUnavailableError';
  readonly code = 'SIGN_IN_UNAVAILABLE';

  constructor(cause: unknown) {
    super(
      'The gateway cannot fetch the keys to check access tokens with now. Your token may be valid; try again later.',
      { cause },
    );
  }
}
