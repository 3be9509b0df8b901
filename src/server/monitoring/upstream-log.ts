import type { Logger } from 'pino';
import type { Clock } from '../../ingestion/ports.js';
import type { UpstreamState } from './upstream-health.js';

/** Keeps an upstream that fails now and then from filling the log. */
const QUIET_MS = 60_000;

/**
 * Logs in one line when the upstream can't be used, at most once a minute, and when it can be used again.
 *
 * @returns to be called with the upstream's state each time that it changes, and the error behind it, if any
 */
export function createUpstreamLog(
  logger: Logger,
  clock: Pick<Clock, 'monotonicMs'>,
  identity: string,
) {
  let toldMs = Number.NEGATIVE_INFINITY;
  let isTold = false;
  return (state: UpstreamState, error?: unknown): void => {
    const now = clock.monotonicMs();
    if (state.status === 'degraded' && !isTold && now - toldMs >= QUIET_MS) {
      isTold = true;
      toldMs = now;
      const cause = toRootCause(error);
      logger.warn(
        { upstream: identity, code: state.code },
        `The upstream cannot be used (${state.code}): ${state.message}${cause === null ? '' : ` (${cause})`}`,
      );
    } else if (state.status === 'ok' && isTold) {
      isTold = false;
      logger.info({ upstream: identity }, 'The upstream can be used again.');
    }
  };
}

/** The system's error about a connection, such as an unknown host. Nothing of the upstream's answer. */
function toRootCause(error: unknown): string | null {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  if (cause === error || !(cause instanceof Error) || !('syscall' in cause)) return null;
  return cause.message;
}
