/** An error as the gateway answers it. */
export interface AnsweredError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

/** The gateway refused, or could not do, what was asked of it. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  /** Of the first error; null where there is none. docs/errors.md lists them. */
  readonly code: string | null;
  /** How long to wait before the next try, in ms; null where that is not known. */
  readonly retryAfterMs: number | null;

  constructor(readonly errors: readonly AnsweredError[]) {
    super(errors[0]?.message ?? 'The gateway gave neither data nor an error.');
    const { code, retryAfterMs } = errors[0]?.extensions ?? {};
    this.code = typeof code === 'string' ? code : null;
    this.retryAfterMs = typeof retryAfterMs === 'number' ? retryAfterMs : null;
  }
}

/** Error codes of a moment: what was asked for may be had a little later. */
const PASSING =
  /^(SHUTTING_DOWN|LOG_UNAVAILABLE|TOO_MANY_OPERATIONS|RATE_LIMITED|OPERATION_TIMEOUT|SIGN_IN_UNAVAILABLE|UPSTREAM_(UNAVAILABLE|TIMEOUT|RATE_LIMITED))$/;

/** Whether a failure with this code is one of a moment. */
export function isPassingCode(code: unknown): boolean {
  return PASSING.test(String(code ?? ''));
}

/** Whether nothing of it is for good. */
export function isPassing(errors: readonly AnsweredError[] | undefined): boolean {
  return errors?.every(({ extensions }) => isPassingCode(extensions?.code)) ?? false;
}
