import { Arg, Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import { mayRead, type Right } from '../ingestion/caller.js';
import { RequestNotFoundError } from '../ingestion/gateway-error.js';
import type { Watches } from '../ingestion/ports.js';
import { EndWatchResult } from '../schema/end-watch-result.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { ID } from '../schema/scalars.js';
import type { OperationContext } from './operation-context.js';
import { parseRequestArguments } from './request-arguments.js';

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
    @Arg('mappingId', () => ID, { nullable: true, description: 'The id of its mapping.' })
    mappingId: string | null,
    @Arg('requestId', () => ID, { nullable: true, description: 'Its id upstream.' })
    requestId: string | null,
    @Arg('id', () => ID, { nullable: true, description: 'Its global id.' }) id: string | null,
    @Ctx() { caller, requests }: OperationContext,
  ): Promise<EndWatchResult> {
    const ref = parseRequestArguments({ id, mappingId, requestId });
    const record = mayRead(caller, ref.mappingId) ? await requests.load(ref) : null;
    if (!record) throw new RequestNotFoundError('This gateway knows no such request.');
    const wasWatched = await this.watches.endWatch(ref);
    return { request: new IngestionRequest(record), wasWatched };
  }
}
