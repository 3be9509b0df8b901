import { ArgsType, Field, InputType } from 'type-graphql';
import { BadUserInputError } from '../ingestion/gateway-error.js';
import type { RequestRef } from '../ingestion/ingestion-request.js';
import { parseRequestRef } from '../ingestion/request-ref.js';
import { parseGlobalId } from './global-id.js';
import { ID } from './scalars.js';

@ArgsType()
@InputType({ description: 'Names a request: by its `id`, or by `mappingId` and `requestId`.' })
export class IngestionRequestRef {
  @Field(() => ID, { nullable: true, description: 'Its global id.' })
  readonly id?: string | null;

  @Field(() => ID, { nullable: true, description: 'The id of its mapping.' })
  readonly mappingId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Its id upstream.' })
  readonly requestId?: string | null;
}

/** @throws {BadUserInputError} it is named in neither way, or in both */
export function parseRequestArguments({
  id,
  mappingId,
  requestId,
}: IngestionRequestRef): RequestRef {
  if (id != null && mappingId == null && requestId == null) {
    const named = parseGlobalId(id);
    if (named?.kind === 'IngestionRequest') return parseRequestRef(named.ref);
    throw new BadUserInputError('id must be the global id of an IngestionRequest.');
  }
  if (id == null && mappingId != null && requestId != null) {
    return parseRequestRef({ mappingId, requestId });
  }
  throw new BadUserInputError('Name a request by its id, or by mappingId and requestId.');
}
