import { Arg, Args, Authorized, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { type Caller, type Right, toReadableScope } from '../ingestion/caller.js';
import { BadUserInputError } from '../ingestion/gateway-error.js';
import type { ActivityScope } from '../ingestion/ports.js';
import { parseStartedBy } from '../ingestion/request-ref.js';
import type { Transition } from '../ingestion/transition.js';
import { IngestionRequestRef, parseRequestArguments } from '../schema/ingestion-request-ref.js';
import { IngestionActivityFilter, IngestionTransition } from '../schema/ingestion-transition.js';
import { Cursor, ID } from '../schema/scalars.js';
import { followActivity, followRequest, type Place } from '../watch/follow.js';
import { parseMappingIds, parseStatuses } from './filter-lists.js';
import type { OperationContext } from './operation-context.js';

interface StatusChangedArgs extends IngestionRequestRef {
  readonly after?: string | null;
}

interface ActivityArgs {
  readonly filter?: IngestionActivityFilter | null;
  readonly mappingIds?: readonly string[] | null;
  readonly after?: string | null;
}

interface SubscribeData {
  readonly args: Record<string, unknown>;
  readonly context: OperationContext;
}

const After = () =>
  Arg('after', () => Cursor, {
    nullable: true,
    description: 'Begin after this place in the log.',
  });

/**
 * The last step of the push path: a subscription begins at a place in the log, and each transition after it becomes
 * an event.
 */
@Resolver()
export class SubscriptionResolver {
  @Authorized<Right>('ingestion:read')
  @Subscription(() => IngestionTransition, {
    description:
      'All transitions of one request: those after the cursor (without one: from its first), then live ones. Completes after the terminal one. Subscribing late, after the end, or again after a lost connection gives no gap and no repeat. `INGESTION_REQUEST_NOT_FOUND` if the upstream knows no such request, or the caller may not see its mapping. A status that comes and goes between two polls cannot be observed. Name the request by its `id`, or by `mappingId` and `requestId`.',
    subscribe: ({ args, context }: SubscribeData): Promise<Place> => {
      const { after, ...request } = args as StatusChangedArgs;
      return followRequest(
        context.followSources,
        context.caller,
        parseRequestArguments(request),
        context.arrival.lastEventId ?? after ?? null,
        context.callerKey,
      );
    },
  })
  ingestionStatusChanged(
    @Root() transition: Transition,
    @Args(() => IngestionRequestRef) _request: IngestionRequestRef,
    @After() _after: string | null,
    @Ctx() { followSources }: OperationContext,
  ): IngestionTransition {
    return new IngestionTransition(transition, followSources.log.toCursor(transition.position));
  }

  @Authorized<Right>('ingestion:read')
  @Subscription(() => IngestionTransition, {
    description:
      'Transitions of all requests that the caller may see, or of those that match the filter: those after the cursor, then live ones. Without a cursor it begins with the newest transition, so that a client has a cursor to resume from before anything happens; a filter by status or caller may hide that one. To skip it, begin after `latestCursor`. Never completes.',
    subscribe: ({ args, context }: SubscribeData): Promise<Place> => {
      const { after, ...activity } = args as ActivityArgs;
      const scope = toActivityScope(activity, context.caller);
      return followActivity(
        context.followSources,
        scope,
        context.arrival.lastEventId ?? after ?? null,
      );
    },
  })
  ingestionActivity(
    @Root() transition: Transition,
    @Arg('filter', () => IngestionActivityFilter, {
      nullable: true,
      description: 'Which transitions; all by default.',
    })
    _filter: IngestionActivityFilter | null,
    @Arg('mappingIds', () => [ID], {
      nullable: true,
      description: 'Shorthand for the filter’s `mappingIds`. Use one or the other.',
    })
    _mappingIds: string[] | null,
    @After() _after: string | null,
    @Ctx() { followSources }: OperationContext,
  ): IngestionTransition {
    return new IngestionTransition(transition, followSources.log.toCursor(transition.position));
  }
}

/** @throws {BadUserInputError} */
function toActivityScope(
  { filter, mappingIds: given }: Pick<ActivityArgs, 'filter' | 'mappingIds'>,
  caller: Caller,
): ActivityScope {
  const { mappingIds: filtered, startedBy } = filter ?? {};
  if (given && filtered) {
    throw new BadUserInputError('mappingIds must be in the filter or beside it, not in both.');
  }
  const mappingIds = given ?? filtered ?? null;
  const statuses = parseStatuses(filter?.statuses);
  return {
    ...toReadableScope(caller, mappingIds && parseMappingIds(mappingIds)),
    ...(statuses && { statuses }),
    ...(startedBy != null && { startedBy: parseStartedBy(startedBy) }),
  };
}
