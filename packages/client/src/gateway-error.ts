/** An error in the gateway's answer. */
export interface AnsweredError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** The gateway refused an operation, or it failed. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  /** The code of the first error; null if there is none. docs/errors.md lists them. */
  readonly code: string | null;
  /** How long to wait before the next try, in ms; null if unknown. */
  readonly retryAfterMs: number | null;

  constructor(readonly errors: readonly AnsweredError[]) {
    super(errors[0]?.message ?? 'The gateway gave neither data nor an error.');
    const { code, retryAfterMs } = errors[0]?.extensions ?? {};
    this.code = typeof code === 'string' ? code : null;
    this.retryAfterMs = typeof retryAfterMs === 'number' ? retryAfterMs : null;
  }
}

/** Codes of temporary errors. */
const TRANSIENT_CODES =
  /^(SHUTTING_DOWN|LOG_UNAVAILABLE|TOO_MANY_OPERATIONS|RATE_LIMITED|OPERATION_TIMEOUT|SIGN_IN_UNAVAILABLE|UPSTREAM_(UNAVAILABLE|TIMEOUT|RATE_LIMITED))$/;

/** Whether a failure with this code is temporary. */
export function isTransientCode(code: unknown): boolean {
  return TRANSIENT_CODES.test(String(code ?? ''));
}

/** Whether all of these errors are temporary. */
export function isTransient(errors: readonly AnsweredError[] | undefined): boolean {
  return errors?.every(({ extensions }) => isTransientCode(extensions?.code)) ?? false;
}
