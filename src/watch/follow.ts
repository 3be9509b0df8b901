import { type Caller, type MappingScope, mayRead } from '../ingestion/caller.js';
import { CursorInvalidError, RequestNotFoundError } from '../ingestion/gateway-error.js';
import { isTerminal, type RequestRef } from '../ingestion/ingestion-request.js';
import { pollUnlessUnknown } from '../ingestion/ingestion-status.js';
import type { ActivityScope, IngestionLog, Scope, Watches } from '../ingestion/ports.js';
import type { Position } from '../ingestion/transition.js';
import type { Hub } from './hub.js';

/**
 * Where a subscription begins: after a position in the log, with the transitions of a scope. A subscription resolver
 * returns it, and GraphQL passes it on as the async iterable that it must be. The fan-out delivers the events.
 */
export class Place implements AsyncIterable<never> {
  constructor(
    readonly scope: Scope,
    readonly position: Position,
  ) {}

  [Symbol.asyncIterator](): never {
    throw new Error('The fan-out delivers what comes after a place.');
  }
}

/** What following requires. */
export interface FollowSources {
  readonly log: IngestionLog;
  readonly hub: Hub;
  readonly watches: Watches;
}

/**
 * Follow one request: all its transitions after the cursor (without one: from its first), then live ones, to its
 * terminal one. A request that nobody has asked about before is looked up upstream first. If the caller may not see
 * it, the answer is the same as for an unknown request, and the upstream is not asked.
 *
 * @throws {CursorInvalidError} the log did not create this cursor, or has forgotten what came after it
 * @throws {RequestNotFoundError} the upstream knows no such request
 * @throws {UpstreamError} the request is new here, and the upstream gave no usable answer
 */
export async function followRequest(
  { log, watches }: FollowSources,
  caller: Caller,
  ref: RequestRef,
  after: string | null,
  callerKey: string,
): Promise<Place> {
  const position = after === null ? 0 : await log.parseCursor(after);
  const isVisible = mayRead(caller, ref.mappingId);
  const [known] = isVisible ? await log.find([ref]) : [];
  // Everything about a known request is kept. An unknown one may have been forgotten.
  if (!known && after !== null) await refuseGap(log, position);
  if (!known && !(isVisible && (await pollUnlessUnknown(watches, ref, callerKey)))) {
    throw new RequestNotFoundError('The upstream knows no such request of this mapping.');
  }
  return new Place({ kind: 'request', ref }, position);
}

/**
 * Follow the requests of a scope: after the cursor; without one, from the newest transition, so that the client has a
 * cursor to resume from before anything happens.
 *
 * @throws {CursorInvalidError} the log did not create this cursor, or has forgotten what came after it
 * @see docs/adr/0029-activity-begins-with-a-place.md
 */
export async function followActivity(
  { log }: Pick<FollowSources, 'log'>,
  scope: ActivityScope,
  after: string | null,
): Promise<Place> {
  if (after === null) {
    const newest = await log.newest(scope);
    const forgotten = await log.prunedPosition();
    // A cursor older than what was forgotten would be refused later.
    return new Place(scope, newest > forgotten ? newest - 1 : forgotten);
  }
  const position = await log.parseCursor(after);
  await refuseGap(log, position);
  return new Place(scope, position);
}

/** Whether nothing follows a place, because its request was terminal by then. */
export async function hasEnded(
  log: Pick<IngestionLog, 'find' | 'read'>,
  { scope, position }: Place,
): Promise<boolean> {
  if (scope.kind !== 'request') return false;
  const [record] = await log.find([scope.ref]);
  if (!record || !isTerminal(record.state.status)) return false;
  return (await log.read(scope, position, 1)).length === 0;
}

/**
 * A cursor after which nothing has happened yet to requests of these mappings. Other mappings' transitions do not
 * move it.
 */
export async function findLatest(log: IngestionLog, scope: MappingScope): Promise<string> {
  const newest = await log.newest(scope);
  return log.toCursor(Math.max(newest, await log.prunedPosition()));
}

async function refuseGap(log: IngestionLog, position: Position): Promise<void> {
  if (position >= (await log.prunedPosition())) return;
  throw new CursorInvalidError(
    'The log no longer has everything that came after this cursor. Subscribe without "after", and query ingestionRequests for what you missed.',
  );
}
