import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { IngestionRequest } from '../schema/ingestion-request.js';
import { IngestionTransition } from '../schema/ingestion-transition.js';
import type { OperationContext } from './operation-context.js';

/** Resolves the request of a transition. */
@Resolver(() => IngestionTransition)
export class IngestionTransitionResolver {
  @FieldResolver(() => IngestionRequest, {
    description: 'The request’s state when this field is read.',
  })
  async request(
    @Root() { ref }: IngestionTransition,
    @Ctx() { requests }: OperationContext,
  ): Promise<IngestionRequest> {
    const record = await requests.load(ref);
    if (!record) throw new Error('The log has a transition of a request that it does not know.');
    return new IngestionRequest(record);
  }
}
