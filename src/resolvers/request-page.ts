import { type Caller, toReadableScope } from '../ingestion/caller.js';
import type { IngestionLog, RequestFilter } from '../ingestion/ports.js';
import { parseStartedBy } from '../ingestion/request-ref.js';
import { type Connection, toPage } from '../schema/connection.js';
import { IngestionRequest, type IngestionRequestFilter } from '../schema/ingestion-request.js';
import { parseMappingIds, parseStatuses } from './filter-lists.js';
import { parsePageSize } from './page-arguments.js';

/** The page size if the client does not choose one. */
export const DEFAULT_REQUESTS = 25;

/** The arguments of a list of requests. */
export interface RequestPageArguments {
  readonly filter: IngestionRequestFilter | null | undefined;
  readonly first: number | null;
  readonly after: string | null | undefined;
}

/**
 * A page of the requests that the caller may see.
 *
 * @param ofMapping - only those of this mapping; null for all
 * @throws {BadUserInputError}
 * @throws {CursorInvalidError}
 */
export async function findRequests(
  log: Pick<IngestionLog, 'list' | 'parseCursor' | 'toCursor'>,
  caller: Caller,
  { filter, first, after }: RequestPageArguments,
  ofMapping: string | null = null,
): Promise<Connection<IngestionRequest>> {
  const pageSize = parsePageSize(first, DEFAULT_REQUESTS);
  const narrowed = toRequestFilter(filter ?? {}, caller, ofMapping);
  const before = after == null ? null : await log.parseCursor(after);
  const page = await log.list(narrowed, before, pageSize + 1);
  const [newest] = before === null ? [] : await log.list(narrowed, null, 1);
  const isLater = before !== null && newest !== undefined && newest.firstPosition >= before;
  return toPage(page, pageSize, isLater, (record) => ({
    cursor: log.toCursor(record.firstPosition),
    node: new IngestionRequest(record),
  }));
}

/** @throws {BadUserInputError} */
function toRequestFilter(
  { mappingIds, statuses, observedAfter, observedBefore, startedBy }: IngestionRequestFilter,
  caller: Caller,
  ofMapping: string | null,
): RequestFilter {
  const wanted = mappingIds ? parseMappingIds(mappingIds) : null;
  const inMapping =
    ofMapping === null ? wanted : [ofMapping].filter((id) => wanted?.includes(id) ?? true);
  return {
    mappings: toReadableScope(caller, inMapping),
    statuses: parseStatuses(statuses),
    observedAfter: observedAfter?.getTime(),
    observedBefore: observedBefore?.getTime(),
    startedBy: startedBy == null ? undefined : parseStartedBy(startedBy),
  };
}
