import { Arg, Authorized, Ctx, Resolver, Root, Subscription } from 'type-graphql';
import { type Right, toReadableScope } from '../ingestion/caller.js';
import { BadUserInputError } from '../ingestion/gateway-error.js';
import { parseMappingId, parseRequestRef } from '../ingestion/request-ref.js';
import type { Transition } from '../ingestion/transition.js';
import { IngestionTransition } from '../schema/ingestion-transition.js';
import { Cursor, ID } from '../schema/scalars.js';
import { followActivity, followRequest, type Place } from '../watch/follow.js';
import { MAX_MAPPING_IDS } from './mapping-ids.js';
import type { OperationContext } from './operation-context.js';

interface StatusChangedArgs {
  readonly mappingId: string;
  readonly requestId: string;
  readonly after?: string | null;
}

interface ActivityArgs {
  readonly mappingIds?: readonly string[] | null;
  readonly after?: string | null;
}

interface SubscribeData {
  readonly args: Record<string, unknown>;
  readonly context: OperationContext;
}

/** The push path’s last step: a subscription begins at a place in the log, and each transition after it becomes an event. */
@Resolver()
export class SubscriptionResolver {
  @Authorized<Right>('ingestion:read')
  @Subscription(() => IngestionTransition, {
    description:
      'All transitions of one request after the cursor (without one: from its first), then live ones, then complete once a terminal one is delivered. Subscribing late, after the end, or again after a lost connection gives no gap and no repeat. `INGESTION_REQUEST_NOT_FOUND` where the upstream knows no such request, or the caller may not see its mapping. A status that comes and goes between two polls cannot be observed.',
    subscribe: ({ args, context }: SubscribeData): Promise<Place> => {
      const { mappingId, requestId, after } = args as unknown as StatusChangedArgs;
      return followRequest(
        context.followed,
        context.caller,
        parseRequestRef({ mappingId, requestId }),
        after ?? null,
        context.callerKey,
      );
    },
  })
  ingestionStatusChanged(
    @Root() transition: Transition,
    @Arg('mappingId', () => ID) _mappingId: string,
    @Arg('requestId', () => ID) _requestId: string,
    @Arg('after', () => Cursor, { nullable: true }) _after: string | null,
    @Ctx() { followed }: OperationContext,
  ): IngestionTransition {
    return new IngestionTransition(transition, followed.log.toCursor(transition.position));
  }

  @Authorized<Right>('ingestion:read')
  @Subscription(() => IngestionTransition, {
    description:
      'Transitions of all requests that the caller may see, or of those of the mappings named (at most 100): after the cursor, then live ones. Without a cursor it begins with the newest transition there is, so that a client has a cursor to come back with before anything happens; to leave that one out, begin after `latestCursor`. Never completes.',
    subscribe: ({ args, context }: SubscribeData): Promise<Place> => {
      const { mappingIds, after } = args as ActivityArgs;
      if (mappingIds && (mappingIds.length === 0 || mappingIds.length > MAX_MAPPING_IDS)) {
        throw new BadUserInputError(
          `mappingIds must have 1 to ${MAX_MAPPING_IDS} items; these are ${mappingIds.length}. Leave it out for all mappings.`,
        );
      }
      return followActivity(
        context.followed,
        toReadableScope(context.caller, mappingIds?.map(parseMappingId) ?? null),
        after ?? null,
      );
    },
  })
  ingestionActivity(
    @Root() transition: Transition,
    @Arg('mappingIds', () => [ID], { nullable: true }) _mappingIds: string[] | null,
    @Arg('after', () => Cursor, { nullable: true }) _after: string | null,
    @Ctx() { followed }: OperationContext,
  ): IngestionTransition {
    return new IngestionTransition(transition, followed.log.toCursor(transition.position));
  }
}
