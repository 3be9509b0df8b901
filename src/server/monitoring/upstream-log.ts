import type { Logger } from 'pino';
import type { Clock } from '../../ingestion/ports.js';
import type { UpstreamState } from './upstream-health.js';

/** An upstream that fails now and then would else fill the log. */
const QUIET_MS = 60_000;

/** Takes what is known of the upstream each time it changes, with the error that told, if one did. */
export type UpstreamReporter = (state: UpstreamState, error?: unknown) => void;

/** Tells in one line when the upstream cannot be used, at most once a minute, and when it can be again. */
export function createUpstreamLog(
  logger: Logger,
  clock: Pick<Clock, 'monotonicMs'>,
  identity: string,
): UpstreamReporter {
  let toldMs = Number.NEGATIVE_INFINITY;
  let isTold = false;
  return (state, error) => {
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

/** What the system said of a connection, such as which host it did not find. Nothing of what the upstream answered. */
function toRootCause(error: unknown): string | null {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  if (cause === error || !(cause instanceof Error) || !('syscall' in cause)) return null;
  return cause.message;
}
