import { Args, Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import { mayRead, type Right } from '../ingestion/caller.js';
import { RequestNotFoundError } from '../ingestion/gateway-error.js';
import type { Watches } from '../ingestion/ports.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { IngestionRequestRef, parseRequestArguments } from '../schema/ingestion-request-ref.js';
import { EndWatchResult } from '../schema/ingestion-watch.js';
import type { OperationContext } from './operation-context.js';

/** The mutation with which operators stop polling a request. */
@Resolver()
export class EndWatchResolver {
  constructor(private readonly watches: Pick<Watches, 'endWatch'>) {}

  @Authorized<Right>('ingestion:operate')
  @Mutation(() => EndWatchResult, {
    description:
      'Stop polling a request that is not terminal. Name it by its `id`, or by `mappingId` and `requestId`. It keeps its last observed status. The watch resumes when somebody starts it, asks for its status or subscribes to it. Needs the right `ingestion:operate`. `INGESTION_REQUEST_NOT_FOUND` if this gateway knows no such request, or the caller may not see its mapping.',
  })
  async endWatch(
    @Args(() => IngestionRequestRef) request: IngestionRequestRef,
    @Ctx() { caller, requests }: OperationContext,
  ): Promise<EndWatchResult> {
    const ref = parseRequestArguments(request);
    const record = mayRead(caller, ref.mappingId) ? await requests.load(ref) : null;
    if (!record) throw new RequestNotFoundError('This gateway knows no such request.');
    const wasWatched = await this.watches.endWatch(ref);
    return { request: new IngestionRequest(record), wasWatched };
  }
}
