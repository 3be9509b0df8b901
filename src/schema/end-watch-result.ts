import { Field, ObjectType } from 'type-graphql';
import { IngestionRequest } from './ingestion-request.js';

@ObjectType({ description: 'The outcome of `endWatch`.' })
export class EndWatchResult {
  @Field(() => IngestionRequest, { description: 'As it is known. Its status doesn’t change.' })
  readonly request!: IngestionRequest;

  @Field({
    description: 'False where it was not watched: it is terminal, or its watch had ended before.',
  })
  readonly wasWatched!: boolean;
}
