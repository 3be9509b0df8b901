import { BadUserInputError } from '../ingestion/gateway-error.js';
import type { RequestRef } from '../ingestion/ingestion-request.js';
import { parseRequestRef } from '../ingestion/request-ref.js';
import { parseGlobalId } from '../schema/global-id.js';

/** How a client names a request: by its global id, or by its mapping's id and its own. */
export interface RequestArguments {
  readonly id?: string | null;
  readonly mappingId?: string | null;
  readonly requestId?: string | null;
}

/** @throws {BadUserInputError} it is named in neither way, or in both */
export function parseRequestArguments({ id, mappingId, requestId }: RequestArguments): RequestRef {
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
