import type { Logger } from 'pino';
import type { Arrival } from '../../resolvers/operation-context.js';

/** One finished operation, over any transport. */
export interface OperationReport {
  readonly transport: Arrival['transport'];
  readonly type: 'query' | 'mutation' | 'subscription' | 'invalid';
  /** Null if the client gave the operation no name. */
  readonly name: string | null;
  /** Null for the anonymous caller. */
  readonly caller: string | null;
  readonly durationMs: number;
  /** The distinct codes of its errors; none if it succeeded. */
  readonly errorCodes: readonly string[];
}

/** How much of a name that a client has chosen is logged. */
const MAX_NAME_CHARS = 100;

/** Called with the report of every operation. */
export type OperationReporter = (report: OperationReport) => void;

/**
 * Logs each operation in one line. Successful queries and subscriptions are logged at `debug`, because clients send
 * them all day.
 */
export function createOperationLog(logger: Logger): OperationReporter {
  return ({ durationMs, errorCodes, ...report }) => {
    const isQuiet = report.type !== 'mutation' && errorCodes.length === 0;
    const level = isQuiet ? 'debug' : 'info';
    if (!logger.isLevelEnabled(level)) return;
    const outcome = errorCodes.length === 0 ? 'ok' : errorCodes.join(' ');
    const name = report.name?.slice(0, MAX_NAME_CHARS) ?? null;
    const line = { ...report, name, durationMs: Math.round(durationMs), outcome };
    logger[level](line, `${report.type} ${name ?? '(unnamed)'}: ${outcome}`);
  };
}

/** The distinct codes of some formatted errors. */
export function toErrorCodes(
  errors: readonly { readonly extensions?: Record<string, unknown> | undefined }[] | undefined,
): readonly string[] {
  return [...new Set((errors ?? []).map(({ extensions }) => String(extensions?.code)))];
}
