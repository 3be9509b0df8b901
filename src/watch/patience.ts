/** How long to wait before the log is asked again, in ms: in all, longer than a database needs to be restarted. */
const PAUSES_MS = [50, 100, 200, 500, 1_000, 2_000];

/**
 * Do something that asks the log, and again after a pause where the log does not answer just then: who follows it
 * need not notice. Where that lasts, the last error is thrown, and has the client come back.
 *
 * @param isPassing - whether it was the log that did not answer
 * @param isWanted - whether anybody waits for it still
 */
export async function patiently<T>(
  ask: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  isWanted: () => boolean = () => true,
  pausesMs: readonly number[] = PAUSES_MS,
): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || !isWanted()) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return ask();
}
