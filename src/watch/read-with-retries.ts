/** The pauses before the log is asked again, in ms: together, longer than a database takes to restart. */
const PAUSES_MS = [50, 100, 200, 500, 1_000, 2_000];

/**
 * Read the log, and try again after a pause if it is not available, so that followers don't notice a short outage.
 * After the last try the error is thrown, and the client reconnects.
 *
 * @param isTransient - whether the error means that the log was unavailable
 * @param isAwaited - whether anybody still waits for the result
 */
export async function readWithRetries<T>(
  ask: () => Promise<T>,
  isTransient: (error: unknown) => boolean,
  isAwaited: () => boolean = () => true,
  pausesMs: readonly number[] = PAUSES_MS,
): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await ask();
    } catch (error) {
      if (!isTransient(error) || !isAwaited()) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return ask();
}
