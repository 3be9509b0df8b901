/** What the upstream said about a failed call: its HTTP status, its error code, its id for the call. */
export interface UpstreamDetails {
  readonly status?: number;
  readonly errorCode?: string;
  readonly requestId?: string;
}

/** The ways in which a call to the upstream fails. */
export type UpstreamErrorCode =
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_RATE_LIMITED'
  | 'UPSTREAM_UNAUTHENTICATED'
  | 'UPSTREAM_FORBIDDEN'
  | 'UPSTREAM_INVALID_RESPONSE';

/** What is known about a failure, besides its code. */
export interface FailureOptions {
  readonly upstream?: UpstreamDetails | undefined;
  /** How long to wait before trying again, in ms, if known. */
  readonly retryAfterMs?: number | undefined;
  /** True if the upstream may have accepted a start anyway. Then nobody may simply send it again. */
  readonly outcomeUnknown?: boolean;
  readonly cause?: unknown;
}

/**
 * A failure that a caller can act on. Its message and extensions are safe to show to anybody: no upstream body, no
 * secret, no stack. Details for the operator are in `cause`.
 */
export abstract class GatewayError extends Error {
  override readonly name: string = this.constructor.name;
  abstract readonly code: string;
  readonly upstream: UpstreamDetails | undefined;
  readonly retryAfterMs: number | undefined;
  readonly outcomeUnknown: boolean;

  constructor(
    message: string,
    { upstream, retryAfterMs, outcomeUnknown = false, cause }: FailureOptions = {},
  ) {
    super(message, { cause });
    this.upstream = upstream;
    this.retryAfterMs = retryAfterMs;
    this.outcomeUnknown = outcomeUnknown;
  }

  /** What clients get besides the message. */
  get extensions(): Record<string, unknown> {
    const { code, upstream, retryAfterMs, outcomeUnknown } = this;
    return {
      code,
      ...(upstream && { upstream }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(outcomeUnknown && { outcomeUnknown }),
    };
  }
}

/** A call to the upstream that gave no usable answer. It says nothing about the ingestion itself. */
export class UpstreamError extends GatewayError {
  constructor(
    readonly code: UpstreamErrorCode,
    message: string,
    options?: FailureOptions,
  ) {
    super(message, options);
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
export class PlatformError extends GatewayError {
  constructor(
    readonly code: PlatformErrorCode,
    message: string,
    options?: Omit<FailureOptions, 'outcomeUnknown'>,
  ) {
    super(message, options);
  }
}

/** A subscription to a request that the upstream does not know. */
export class RequestNotFoundError extends GatewayError {
  readonly code = 'INGESTION_REQUEST_NOT_FOUND';
}

/** A cursor that this gateway's log did not create. */
export class CursorInvalidError extends GatewayError {
  readonly code = 'CURSOR_INVALID';
}

/** An argument that no caller may pass. The message says what is allowed. */
export class BadUserInputError extends GatewayError {
  readonly code = 'BAD_USER_INPUT';
}

/** A start that failed because of a bug in the gateway, which is logged. Nobody knows whether it was sent. */
export class StartInternalError extends GatewayError {
  readonly code = 'INTERNAL_SERVER_ERROR';

  constructor(cause: unknown) {
    const message = 'The gateway failed to answer this. Its log has the details.';
    super(message, { cause, outcomeUnknown: true });
  }
}

/** A caller asked for more than it may have this minute. */
export class RateLimitedError extends GatewayError {
  readonly code = 'RATE_LIMITED';

  constructor(message: string, retryAfterMs: number) {
    super(message, { retryAfterMs });
  }
}

/** An operation took too long. It started nothing that its result doesn't mention. */
export class OperationTimeoutError extends GatewayError {
  readonly code = 'OPERATION_TIMEOUT';
}

/** Too many operations are in progress: on one socket, of one caller, or of all callers. */
export class TooManyOperationsError extends GatewayError {
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
  readonly code = 'LOG_UNAVAILABLE';
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
  readonly code = 'LOG_UNAVAILABLE';

  constructor(cause?: unknown) {
    super('The log of transitions is damaged. The operator must restore it.', { cause });
  }
}

/** The caller is known, but may not do this. */
export class ForbiddenError extends GatewayError {
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
  readonly code = 'ADMINISTRATION_UNAVAILABLE';

  constructor() {
    super(
      'Mappings cannot be managed here: the upstream has no administration API, or the gateway has no credentials for it (CAMPAIGN_ADMIN_CLIENT_ID).',
    );
  }
}

/** No caller could be identified. */
export class UnauthenticatedError extends GatewayError {
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
  readonly code = 'SIGN_IN_UNAVAILABLE';

  constructor(cause: unknown) {
    super(
      'The gateway cannot fetch the keys to check access tokens with now. Your token may be valid; try again later.',
      { cause },
    );
  }
}
