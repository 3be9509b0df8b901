import { LogUnavailableError } from '../ingestion/gateway-error.js';
import { isTerminal } from '../ingestion/ingestion-request.js';
import type { IngestionLog, Scope } from '../ingestion/ports.js';
import type { Position, Transition } from '../ingestion/transition.js';
import { patiently } from './patience.js';

/** How many transitions are read from the log at a time. */
export const PAGE_ITEMS = 100;

/** What the log has of a scope after a position. */
export interface LogPage {
  /** At most {@link PAGE_ITEMS}; fewer are all that there were when the log was read. */
  readonly transitions: readonly Transition[];
  /** Whether its request was terminal already: after these transitions comes nothing more. */
  readonly isFinished: boolean;
}

/**
 * Read a page of the log; once it answers, where it is away for a moment.
 *
 * @param isWanted - whether anybody waits for the page still
 * @throws {LogUnavailableError} it is away for longer
 */
export function readPage(
  log: Pick<IngestionLog, 'find' | 'read'>,
  scope: Scope,
  after: Position,
  isWanted: () => boolean,
): Promise<LogPage> {
  const isPassing = (error: unknown) => error instanceof LogUnavailableError;
  return patiently(() => readOnce(log, scope, after), isPassing, isWanted);
}

async function readOnce(
  log: Pick<IngestionLog, 'find' | 'read'>,
  scope: Scope,
  after: Position,
): Promise<LogPage> {
  // Asked before the page is read: whatever led to a terminal state is then in the page or before it.
  const [record] = scope.kind === 'request' ? await log.find([scope.ref]) : [];
  const isFinished = record != null && isTerminal(record.state.status);
  return { transitions: await log.read(scope, after, PAGE_ITEMS), isFinished };
}

/** Whether a stream of this scope ends behind this transition. */
export function endsWith(scope: Scope, { to }: Transition): boolean {
  return scope.kind === 'request' && isTerminal(to.status);
}
