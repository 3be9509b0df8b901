interface PlatformErrorOptions extends ErrorOptions {
  /** Adobe's code for the error, such as `403003`. */
  readonly errorCode?: string | undefined;
}

/** Platform refused a call, gave an undocumented answer, or could not be reached. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly errorCode: string | undefined;

  /**
   * @param isTransient - true if the same call may succeed later
   * @param httpStatus - null if there was no answer: the call may have been accepted anyway
   * @param retryAfterMs - how long Platform asks us to wait; null if it does not
   */
  constructor(
    message: string,
    readonly isTransient: boolean,
    readonly httpStatus: number | null = null,
    readonly retryAfterMs: number | null = null,
    options?: PlatformErrorOptions,
  ) {
    super(message, options);
    this.errorCode = options?.errorCode;
  }

  /** True if the token may have been refused. If it was the API key or the profile, the code says so. */
  get mayBeOfToken(): boolean {
    const { httpStatus, errorCode = '' } = this;
    if (errorCode === '401013') return httpStatus === 401 || httpStatus === 403;
    return httpStatus === 401 && !['403000', '403003', '403010', '403023'].includes(errorCode);
  }

  /** True if the call may have been accepted, although its answer does not say so. */
  get isOutcomeUnknown(): boolean {
    return this.httpStatus === null || this.httpStatus >= 500;
  }
}
