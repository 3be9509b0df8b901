import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Clock } from '../../ingestion/ports.js';

/** Something that was refused before GraphQL looked at it: a request, an upgrade, or a socket that was closed. */
export interface RefusalReport {
  readonly transport: 'http' | 'websocket';
  /** Of the error; of a socket that was closed, the code of the close. One of a few, whatever clients send. */
  readonly code: string;
  readonly message: string;
  /** What exactly was wrong, for the operator alone. */
  readonly err?: unknown;
  /** Where it came from, as limits are counted; left out where that is not known any more. */
  readonly from?: string | undefined;
  /** Left out where none could be read. */
  readonly request?: Pick<IncomingMessage, 'headers'> | undefined;
}

/** Takes the report of everything that is refused. */
export type RefusalReporter = (report: RefusalReport) => void;

/** Of refusals of one kind there is a line in the log this often at most: strangers do not fill it. */
const LINE_EVERY_MS = 10_000;

/** Of what a client has written, so much is logged. */
const MAX_LOGGED_LENGTH = 100;

/** What the operator may want to mend: a setting that was forgotten, a limit, an issuer that is down. */
const ofOperators = new Set([
  'HOST_NOT_ALLOWED',
  'PROXY_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'RATE_LIMITED',
  'TOO_MANY_SOCKETS',
  'SIGN_IN_UNAVAILABLE',
]);

/**
 * Reports refusals as lines: of each transport and code at most one in 10 s, with how many there were since the
 * last. What is the client's to mend is told at `debug`.
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
