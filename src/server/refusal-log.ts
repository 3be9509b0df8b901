import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Clock } from '../ingestion/ports.js';

/** Something that was refused before GraphQL looked at it: a request, an upgrade, or a socket that was closed. */
export interface RefusalReport {
  readonly transport: 'http' | 'websocket';
  /** Of the error; of a socket that was closed, the code of the close. One of a few, whatever clients send. */
  readonly code: string;
  readonly message: string;
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

/** What only the client can mend, or mends as it goes; the rest may be a setting that the operator forgot. */
const faultsOfClients = new Set(['BAD_REQUEST', 'NOT_FOUND', 'UNAUTHENTICATED']);

/**
 * Reports refusals as lines: of each transport and code at most one in 10 s, with how many there were since the
 * last. Faults of clients are told at `debug`.
 */
export function createRefusalLog(
  logger: Logger,
  clock: Pick<Clock, 'monotonicMs'>,
): RefusalReporter {
  const kinds = new Map<string, { loggedAt: number; unloggedCount: number }>();
  return ({ transport, code, message, from, request }) => {
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
      host: toShort(request?.headers.host),
      origin: toShort(request?.headers.origin),
      ...(last && { unloggedCount: last.unloggedCount }),
    };
    logger[faultsOfClients.has(code) ? 'debug' : 'warn'](line, `Refused (${code}): ${message}`);
  };
}

function toShort(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_LOGGED_LENGTH);
}
