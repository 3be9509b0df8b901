import { type Caller, type MappingScope, mayRead } from '../ingestion/caller.js';
import { CursorInvalidError, RequestNotFoundError } from '../ingestion/gateway-error.js';
import type { RequestRef } from '../ingestion/ingestion-request.js';
import type { IngestionLog, Watches } from '../ingestion/ports.js';
import type { Position } from '../ingestion/transition.js';
import type { Hub } from './hub.js';
import { TransitionStream } from './replay.js';

/** What following needs. */
export interface Followed {
  readonly log: IngestionLog;
  readonly hub: Hub;
  readonly watches: Watches;
}

/**
 * Follow one request: all its transitions after the cursor (without one: from its first), then live ones,
 * to its terminal one. A request that nobody has asked about before is looked for upstream first. One that the
 * caller may not see is answered as one that there is not, and the upstream is not asked.
 *
 * @throws {CursorInvalidError} the log gave no such cursor, or has forgotten what came after it
 * @throws {RequestNotFoundError} the upstream knows no such request
 * @throws {UpstreamError} the request is new here, and the upstream gave no usable answer
 */
export async function followRequest(
  { log, hub, watches }: Followed,
  caller: Caller,
  ref: RequestRef,
  after: string | null,
): Promise<TransitionStream> {
  const position = after === null ? 0 : await log.parseCursor(after);
  const isVisible = mayRead(caller, ref.mappingId);
  const [known] = isVisible ? await log.find([ref]) : [];
  // Of a request that is known everything is kept; one that is not may have been forgotten.
  if (!known && after !== null) await refuseGap(log, position);
  if (!known && !(isVisible && (await watches.poll(ref)))) {
    throw new RequestNotFoundError('The upstream knows no such request of this mapping.');
  }
  return new TransitionStream(log, hub, { kind: 'request', ref }, position);
}

/**
 * Follow the requests of some mappings, or of all: after the cursor, or without one only what is new.
 *
 * @throws {CursorInvalidError} the log gave no such cursor, or has forgotten what came after it
 */
export async function followActivity(
  { log, hub }: Pick<Followed, 'log' | 'hub'>,
  scope: MappingScope,
  after: string | null,
): Promise<TransitionStream> {
  const position = after === null ? await log.head() : await log.parseCursor(after);
  await refuseGap(log, position);
  return new TransitionStream(log, hub, scope, position);
}

async function refuseGap(log: IngestionLog, position: Position): Promise<void> {
  if (position >= (await log.prunedThrough())) return;
  throw new CursorInvalidError(
    'What came after this cursor is no longer kept. Leave "after" out, and look at ingestionRequests for what was missed.',
  );
}
