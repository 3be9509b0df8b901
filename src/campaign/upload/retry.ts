import { ExponentialBackoff } from 'cockatiel';
import type { Clock } from '../../adobe/clock.js';
import { PlatformError } from './platform-error.js';

/** The maximum number of attempts: with the waits below, over half a minute or so. */
const MAX_ATTEMPTS = 6;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

/** Platform may ask for a longer wait than ours, but a run is not postponed for longer than this. */
const LONGEST_RETRY_AFTER_MS = 2 * 60_000;

/**
 * Repeat a call while it fails temporarily, after a wait that grows and is never shorter than Platform asks for.
 *
 * @param call - safe to repeat
 * @throws its last error, or the signal's reason
 */
export async function withRetries<T>(
  clock: Clock,
  signal: AbortSignal,
  call: () => Promise<T>,
): Promise<T> {
  let backoff = new ExponentialBackoff({
    initialDelay: FIRST_DELAY_MS,
    maxDelay: LONGEST_DELAY_MS,
  }).next();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const isRetried = error instanceof PlatformError && error.isTransient;
      if (!isRetried || attempt === MAX_ATTEMPTS) throw error;
      const askedMs = Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
      await clock.wait(Math.max(backoff.duration, askedMs), signal);
      backoff = backoff.next(undefined);
    }
  }
}
