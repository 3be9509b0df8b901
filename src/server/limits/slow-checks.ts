import { RateLimitedError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';

/** The interval between two checks: four a second. */
const EVERY_MS = 250;

/** How many may wait for their turn, for 2 s at most. */
const MAX_WAITING = 8;

/** Spread the checks of each address that has used up its allowed failures. */
export function createSlowChecks(clock: Clock) {
  const waitingByAddress = new Map<string, (() => void)[]>();

  function begin(addressKey: string, waiting: (() => void)[]): void {
    waitingByAddress.set(addressKey, waiting);
    clock.schedule(EVERY_MS, () => {
      const next = waiting.shift();
      if (!next) {
        waitingByAddress.delete(addressKey);
        return;
      }
      begin(addressKey, waiting);
      next();
    });
  }

  return {
    /**
     * Resolves when the next check of this address may begin.
     *
     * @throws {RateLimitedError} too many are waiting
     */
    async turn(addressKey: string): Promise<void> {
      const waiting = waitingByAddress.get(addressKey);
      if (!waiting) {
        begin(addressKey, []);
        return;
      }
      if (waiting.length >= MAX_WAITING) {
        throw new RateLimitedError(
          'Too many sign-ins from this address have failed, and others are waiting to be checked. Try again in 2 s.',
          EVERY_MS * MAX_WAITING,
        );
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}
