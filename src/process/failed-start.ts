import { stopWithin } from './stop-within.js';

/** What has begun before a start failed may take so long to end. In ms. */
const LIMIT_MS = 5_000;

/** End the process after a start that failed, whatever that has left open: what had begun is stopped first. */
export async function endFailedStart(stop: () => Promise<void>): Promise<never> {
  try {
    await stopWithin(LIMIT_MS, stop());
  } catch {
    // Why it failed is told already.
  }
  return process.exit(1);
}
