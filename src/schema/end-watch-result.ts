import { Field, ObjectType } from 'type-graphql';
import { IngestionRequest } from './ingestion-request.js';

@ObjectType({ description: 'The outcome of `endWatch`.' })
export class EndWatchResult {
  @Field(() => IngestionRequest, { description: 'The request. Its status doesn’t change.' })
  readonly request!: IngestionRequest;

  @Field({
    description: 'False if it was not watched: it is terminal, or its watch had ended before.',
  })
  readonly wasWatched!: boolean;
}
