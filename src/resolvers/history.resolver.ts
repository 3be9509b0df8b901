import { Arg, Authorized, Ctx, Query, Resolver } from 'type-graphql';
import { type Right, toReadableScope } from '../ingestion/caller.js';
import type { IngestionLog } from '../ingestion/ports.js';
import type { Connection } from '../schema/connection.js';
import {
  type IngestionRequest,
  IngestionRequestConnection,
  IngestionRequestFilter,
} from '../schema/ingestion-request.js';
import { Cursor } from '../schema/scalars.js';
import { findLatest } from '../watch/follow.js';
import { neverReusable, type OperationContext } from './operation-context.js';
import { After, First } from './page-arguments.js';
import { DEFAULT_REQUESTS, findRequests } from './request-page.js';

/** What this gateway has seen, from the log, because the upstream has no list. */
@Resolver()
export class HistoryResolver {
  constructor(private readonly log: IngestionLog) {}

  @Authorized<Right>('ingestion:read')
  @Query(() => IngestionRequestConnection, {
    description:
      'The requests of the mappings that the caller may see, newest first. Each is as this gateway last observed it: the upstream is not asked. Cursors keep their place while requests are added.',
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
  ): Promise<Connection<IngestionRequest>> {
    const state = this.log.state();
    // Listeners to the log don't hear who started a request.
    sharing.conditions.push(
      filter?.startedBy == null ? () => this.log.state() === state : neverReusable,
    );
    return findRequests(this.log, caller, { filter, first, after });
  }

  @Authorized<Right>('ingestion:read')
  @Query(() => Cursor, {
    description:
      'A cursor after which nothing has happened yet to requests that the caller may see. Use it as `after` to begin a subscription at this moment without a gap. It exists on an empty log, too.',
  })
  latestCursor(@Ctx() { caller }: OperationContext): Promise<string> {
    return findLatest(this.log, toReadableScope(caller, null));
  }
}
