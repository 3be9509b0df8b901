import type { Logger } from 'pino';
import { GatewayError } from '../../ingestion/gateway-error.js';
import type { RequestRef } from '../../ingestion/ingestion-request.js';

/**
 * Logs failed polls in one line each: the first, second, fourth and so on of those in a row, so that a request that
 * the upstream has forgotten does not fill the log. The others are logged at `debug`.
 *
 * An upstream failure has its code and message; only an unforeseen error has a stack.
 *
 * @returns to be called with each failed poll, and how many of its request have failed in a row
 */
export function createPollFailureLog(logger: Logger) {
  return (ref: RequestRef, error: unknown, consecutiveFailures: number): void => {
    const line =
      error instanceof GatewayError
        ? { ref, code: error.code, consecutiveFailures }
        : { ref, err: error, consecutiveFailures };
    const said = error instanceof GatewayError ? ` (${error.code}: ${error.message})` : '';
    const message = `A poll failed, ${consecutiveFailures} in a row${said}; the watch continues`;
    if (isPowerOfTwo(consecutiveFailures)) {
      logger.warn(line, `${message}, logged next at ${2 * consecutiveFailures} in a row`);
    } else {
      logger.debug(line, message);
    }
  };
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
