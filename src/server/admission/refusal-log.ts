import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Clock } from '../../ingestion/ports.js';

/** Something that was refused before GraphQL looked at it: a request, an upgrade, or a socket that was closed. */
export interface RefusalReport {
  readonly transport: 'http' | 'websocket';
  /** The code of the error, or for a closed socket that of the close. One of a few, whatever clients send. */
  readonly code: string;
  readonly message: string;
  /** What exactly was wrong, only for the operator. */
  readonly err?: unknown;
  /** Where it came from, as limits count it; left out if unknown by now. */
  readonly from?: string | undefined;
  /** Left out if none could be read. */
  readonly request?: Pick<IncomingMessage, 'headers'> | undefined;
}

/** Called with everything that is refused. */
export type RefusalReporter = (report: RefusalReport) => void;

/** The shortest interval between two log lines about refusals of one kind, so that strangers can't fill the log. */
const LINE_EVERY_MS = 10_000;

/** How much of a client's text is logged. */
const MAX_LOGGED_LENGTH = 100;

/** Problems that the operator may want to fix: a forgotten setting, a limit, an issuer that is down. */
const ofOperators = new Set([
  'HOST_NOT_ALLOWED',
  'PROXY_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'RATE_LIMITED',
  'TOO_MANY_SOCKETS',
  'SIGN_IN_UNAVAILABLE',
]);

/**
 * Logs refusals: for each transport and code at most one line in 10 s, with the number since the last line. Problems
 * that only the client can fix are logged at `debug`.
 */
export function createRefusalLog(
  logger: Logger,
  clock: Pick<Clock, 'monotonicMs'>,
): RefusalReporter {
  const kinds = new Map<string, { loggedAt: number; unloggedCount: number }>();
  return ({ transport, code, message, err, from, request }) => {
    const kind = `${transport} ${code}`;
    const last = kinds.get(kind);
    const now = clock.monotonicMs();
    if (last && now - last.loggedAt < LINE_EVERY_MS) {
      last.unloggedCount += 1;
      return;
    }
    kinds.set(kind, { loggedAt: now, unloggedCount: 0 });
    const line = {
      transport,
      code,
      from,
      ...(err !== undefined && { err }),
      host: toShort(request?.headers.host),
      origin: toShort(request?.headers.origin),
      ...(last && { unloggedCount: last.unloggedCount }),
    };
    logger[ofOperators.has(code) ? 'warn' : 'debug'](line, `Refused (${code}): ${message}`);
  };
}

function toShort(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_LOGGED_LENGTH);
}
