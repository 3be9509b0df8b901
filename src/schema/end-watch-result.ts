import { Field, ObjectType } from 'type-graphql';
import { IngestionRequest } from './ingestion-request.js';

@ObjectType({ description: 'What `endWatch` came to.' })
export class EndWatchResult {
  @Field(() => IngestionRequest, { description: 'As it is known; its status is not changed.' })
  readonly request!: IngestionRequest;

  @Field({
    description: 'False where it was not watched: it is terminal, or its watch had ended before.',
  })
  readonly wasWatched!: boolean;
}
