import { Arg, Authorized, Ctx, Query, Resolver } from 'type-graphql';
import { type Right, toReadableScope } from '../ingestion/caller.js';
import type { IngestionLog } from '../ingestion/ports.js';
import { IngestionRequestConnection } from '../schema/ingestion-request-connection.js';
import { IngestionRequestFilter } from '../schema/ingestion-request-filter.js';
import { Cursor } from '../schema/scalars.js';
import { findLatest } from '../watch/follow.js';
import { never, type OperationContext } from './operation-context.js';
import { After, First } from './page-arguments.js';
import { DEFAULT_REQUESTS, findRequests } from './request-page.js';

/** What this gateway has seen, out of the log: the upstream has no list to ask for. */
@Resolver()
export class HistoryResolver {
  constructor(private readonly log: IngestionLog) {}

  @Authorized<Right>('ingestion:read')
  @Query(() => IngestionRequestConnection, {
    description:
      'What this gateway has seen of the mappings that the caller may see, newest first. Each as last observed: the upstream is not asked. Cursors stay in their place while requests are added.',
  })
  ingestionRequests(
    @Arg('filter', () => IngestionRequestFilter, {
      nullable: true,
      description: 'Which requests; all by default.',
    })
    filter: IngestionRequestFilter | null,
    @First(DEFAULT_REQUESTS) first: number | null,
    @After() after: string | null,
    @Ctx() { caller, sharing }: OperationContext,
  ): Promise<IngestionRequestConnection> {
    const state = this.log.state();
    // Who has started what is not told to those who listen to the log.
    sharing.conditions.push(filter?.startedBy == null ? () => this.log.state() === state : never);
    return findRequests(this.log, caller, { filter, first, after });
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
