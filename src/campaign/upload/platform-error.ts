/** Platform refused a call, answered something else than is documented, or could not be reached. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';

  /**
   * @param isTransient - true where the same call may succeed later
   * @param httpStatus - null where there was no answer: the call may have been taken all the same
   * @param retryAfterMs - how long Platform asks to wait; null where it does not
   */
  constructor(
    message: string,
    readonly isTransient: boolean,
    readonly httpStatus: number | null = null,
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** True where the call may have been taken, though its answer does not say so. */
  get isOutcomeUnknown(): boolean {
    return this.httpStatus === null || this.httpStatus >= 500;
  }
}
