/** Something has not stopped in time, and is left to the end of the process. */
export class StopTimeoutError extends Error {
  override readonly name = 'StopTimeoutError';
}

/**
 * Wait for a stop, up to a limit.
 *
 * @throws {StopTimeoutError} it has not ended by then; or what the stop itself throws
 */
export async function stopWithin(limitMs: number, stopped: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new StopTimeoutError(`Something has not stopped within ${limitMs} ms.`)),
    limitMs,
  );
  try {
    await Promise.race([stopped, late]);
  } finally {
    clearTimeout(timer);
  }
}
