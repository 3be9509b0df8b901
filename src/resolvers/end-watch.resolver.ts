import { Arg, Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import { mayRead, type Right } from '../ingestion/caller.js';
import { RequestNotFoundError } from '../ingestion/gateway-error.js';
import type { Watches } from '../ingestion/ports.js';
import { parseRequestRef } from '../ingestion/request-ref.js';
import { EndWatchResult } from '../schema/end-watch-result.js';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { ID } from '../schema/scalars.js';
import type { OperationContext } from './operation-context.js';

/** What an operator does about a request that is polled in vain. */
@Resolver()
export class EndWatchResolver {
  constructor(private readonly watches: Pick<Watches, 'endWatch'>) {}

  @Authorized<Right>('ingestion:operate')
  @Mutation(() => EndWatchResult, {
    description:
      'Stop polling a request that is not terminal. It stays as it is known, and is watched again when somebody starts it, asks for its status or subscribes to it. Needs the right `ingestion:operate`. `INGESTION_REQUEST_NOT_FOUND` where this gateway knows no such request, or the caller may not see its mapping.',
  })
  async endWatch(
    @Arg('mappingId', () => ID) mappingId: string,
    @Arg('requestId', () => ID) requestId: string,
    @Ctx() { caller, requests }: OperationContext,
  ): Promise<EndWatchResult> {
    const ref = parseRequestRef({ mappingId, requestId });
    const record = mayRead(caller, ref.mappingId) ? await requests.load(ref) : null;
    if (!record) throw new RequestNotFoundError('This gateway knows no such request.');
    const wasWatched = await this.watches.endWatch(ref);
    return { request: new IngestionRequest(record), wasWatched };
  }
}
