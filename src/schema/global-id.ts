import type { RequestRef } from '../ingestion/ingestion-request.js';

const REQUEST_PREFIX = 'IngestionRequest:';

/** The global id of a request: made of its ref alone, so that it is the same for ever and everywhere. */
export function toGlobalId({ mappingId, requestId }: RequestRef): string {
  const text = `${REQUEST_PREFIX}${JSON.stringify([mappingId, requestId])}`;
  return Buffer.from(text).toString('base64url');
}

/** The ref in a global id, or null where the id is none of ours. */
export function parseGlobalId(id: string): RequestRef | null {
  const text = Buffer.from(id, 'base64url').toString();
  if (!text.startsWith(REQUEST_PREFIX)) return null;
  try {
    const parts: unknown = JSON.parse(text.slice(REQUEST_PREFIX.length));
    if (!Array.isArray(parts)) return null;
    const [mappingId, requestId]: unknown[] = parts;
    if (typeof mappingId !== 'string' || typeof requestId !== 'string') return null;
    const ref = { mappingId, requestId };
    return toGlobalId(ref) === id ? ref : null;
  } catch {
    // Not JSON: somebody else's id.
    return null;
  }
}
