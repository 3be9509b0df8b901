import { stopWithin } from './stop-within.js';

/** How long stopping after a failed start may take. In ms. */
const LIMIT_MS = 5_000;

/** End the process after a failed start, whatever it has left open. What had begun is stopped first. */
export async function endFailedStart(stop: () => Promise<void>): Promise<never> {
  try {
    await stopWithin(LIMIT_MS, stop());
  } catch {
    // The reason for the failure has been reported already.
  }
  return process.exit(1);
}
