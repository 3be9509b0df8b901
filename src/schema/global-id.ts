import type { RequestRef } from '../ingestion/ingestion-request.js';

/** What a global id names. */
export type GlobalId =
  | { readonly kind: 'IngestionRequest'; readonly ref: RequestRef }
  | { readonly kind: 'Mapping'; readonly mappingId: string };

/** The global id of a request: made of its ref alone, so that it is the same for ever and everywhere. */
export function toGlobalId({ mappingId, requestId }: RequestRef): string {
  return encode('IngestionRequest', [mappingId, requestId]);
}

/** The global id of a mapping, made of its id alone. */
export function toMappingGlobalId(mappingId: string): string {
  return encode('Mapping', [mappingId]);
}

/** What a global id names, or null where it is none of ours. */
export function parseGlobalId(id: string): GlobalId | null {
  const text = Buffer.from(id, 'base64url').toString();
  const [, kind, json = ''] = /^(IngestionRequest|Mapping):(.*)$/s.exec(text) ?? [];
  const parts = parseTexts(json);
  const [mappingId, requestId] = parts;
  if (mappingId === undefined || encode(kind ?? '', parts) !== id) return null;
  if (kind === 'Mapping' && parts.length === 1) return { kind, mappingId };
  if (kind !== 'IngestionRequest' || requestId === undefined || parts.length !== 2) return null;
  return { kind, ref: { mappingId, requestId } };
}

function encode(kind: string, parts: readonly string[]): string {
  return Buffer.from(`${kind}:${JSON.stringify(parts)}`).toString('base64url');
}

function parseTexts(json: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(json);
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : [];
  } catch {
    // Not JSON: somebody else's id.
    return [];
  }
}
