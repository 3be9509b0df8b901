import { Arg, Authorized, Ctx, Int, Query, Resolver } from 'type-graphql';
import { type Caller, type Right, toReadableScope } from '../ingestion/caller.js';
import { BadUserInputError } from '../ingestion/gateway-error.js';
import type { IngestionLog, RequestFilter } from '../ingestion/ports.js';
import { parseMappingId, parseStartedBy } from '../ingestion/request-ref.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { IngestionRequestConnection } from '../schema/ingestion-request-connection.js';
import { IngestionRequestFilter } from '../schema/ingestion-request-filter.js';
import { toPageInfo } from '../schema/page-info.js';
import { Cursor } from '../schema/scalars.js';
import { findLatest } from '../watch/follow.js';
import { MAX_MAPPING_IDS } from './mapping-ids.js';
import { never, type OperationContext } from './operation-context.js';
import { parsePageSize } from './page-size.js';

const DEFAULT_PAGE_ITEMS = 25;

/** What this gateway has seen, out of the log: the upstream has no list to ask for. */
@Resolver()
export class HistoryResolver {
  constructor(private readonly log: IngestionLog) {}

  @Authorized<Right>('ingestion:read')
  @Query(() => IngestionRequestConnection, {
    description:
      'What this gateway has seen of the mappings that the caller may see, newest first; `first` is 1 to 100. Each as last observed: the upstream is not asked. Cursors stay in their place while requests are added.',
  })
  async ingestionRequests(
    @Arg('filter', () => IngestionRequestFilter, { nullable: true })
    filter: IngestionRequestFilter | null,
    @Arg('first', () => Int, { nullable: true, defaultValue: DEFAULT_PAGE_ITEMS })
    first: number | null,
    @Arg('after', () => Cursor, { nullable: true }) after: string | null,
    @Ctx() { caller, sharing }: OperationContext,
  ): Promise<IngestionRequestConnection> {
    const state = this.log.state();
    // Who has started what is not told to those who listen to the log.
    sharing.conditions.push(filter?.startedBy == null ? () => this.log.state() === state : never);
    const pageSize = parsePageSize(first, DEFAULT_PAGE_ITEMS);
    const narrowed = toRequestFilter(filter, caller);
    const before = after == null ? null : await this.log.parseCursor(after);
    const page = await this.log.list(narrowed, before, pageSize + 1);
    const edges = page.slice(0, pageSize).map((record) => ({
      cursor: this.log.toCursor(record.firstPosition),
      node: new IngestionRequest(record),
    }));
    const [newest] = before === null ? [] : await this.log.list(narrowed, null, 1);
    const pageInfo = toPageInfo(edges, {
      hasNextPage: page.length > pageSize,
      hasPreviousPage: before !== null && newest !== undefined && newest.firstPosition >= before,
    });
    return { edges, nodes: edges.map(({ node }) => node), pageInfo };
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => Cursor, {
    description:
      'The place in the log after which nothing has happened yet to requests that the caller may see: as `after`, it begins a subscription at this moment without a gap. There is one on an empty log, too.',
  })
  latestCursor(@Ctx() { caller }: OperationContext): Promise<string> {
    return findLatest(this.log, toReadableScope(caller, null));
  }
}

/** @throws {BadUserInputError} */
function toRequestFilter(filter: IngestionRequestFilter | null, caller: Caller): RequestFilter {
  const { mappingIds, statuses, observedAfter, observedBefore, startedBy } = filter ?? {};
  if (mappingIds && mappingIds.length > MAX_MAPPING_IDS) {
    throw new BadUserInputError(
      `mappingIds must have at most ${MAX_MAPPING_IDS} items; these are ${mappingIds.length}.`,
    );
  }
  return {
    mappings: toReadableScope(caller, mappingIds?.map(parseMappingId) ?? null),
    statuses: statuses ?? undefined,
    observedAfter: observedAfter?.getTime(),
    observedBefore: observedBefore?.getTime(),
    startedBy: startedBy == null ? undefined : parseStartedBy(startedBy),
  };
}
