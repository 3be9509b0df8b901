import type { Logger } from 'pino';
import { GatewayError } from '../../ingestion/gateway-error.js';
import type { RequestRef } from '../../ingestion/ingestion-request.js';

/** Takes each failed poll, with how many of its request have failed in a row. */
export type PollFailureReporter = (
  ref: RequestRef,
  error: unknown,
  consecutiveFailures: number,
) => void;

/**
 * Tells of failed polls in one line each: the first, the second, the fourth and so on of those in a row, so that
 * a request the upstream has forgotten does not fill the log. The rest is told at `debug`.
 *
 * What the upstream did has its code and message; only what nobody foresaw has a stack.
 */
export function createPollFailureLog(logger: Logger): PollFailureReporter {
  return (ref, error, consecutiveFailures) => {
    const line =
      error instanceof GatewayError
        ? { ref, code: error.code, consecutiveFailures }
        : { ref, err: error, consecutiveFailures };
    const said = error instanceof GatewayError ? ` (${error.code}: ${error.message})` : '';
    const message = `A poll failed, ${consecutiveFailures} in a row${said}; the watch goes on`;
    if (isPowerOfTwo(consecutiveFailures)) {
      logger.warn(line, `${message}, told next at ${2 * consecutiveFailures} in a row`);
    } else {
      logger.debug(line, message);
    }
  };
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
