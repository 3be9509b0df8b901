import type { RequestRef } from '../ingestion/ingestion-request.js';

/** What a global id refers to. */
export type GlobalId =
  | { readonly kind: 'IngestionRequest'; readonly ref: RequestRef }
  | { readonly kind: 'IngestionTransition'; readonly cursor: string }
  | { readonly kind: 'Job'; readonly jobId: string }
  | { readonly kind: 'Mapping'; readonly mappingId: string };

/** A global id depends only on what it refers to, so it is the same for ever and everywhere. */
export function toGlobalId(named: GlobalId): string {
  return encode(named.kind, partsOf(named));
}

/** What a global id refers to, or null if it is not one of ours. */
export function parseGlobalId(id: string): GlobalId | null {
  const text = Buffer.from(id, 'base64url').toString();
  const [, kind = '', json = ''] = /^(\w+):(.*)$/s.exec(text) ?? [];
  const parts = parseTexts(json);
  const named = toNamed(kind, parts);
  // Several texts decode to the same value; only one of them is the id.
  return named && encode(kind, parts) === id ? named : null;
}

function partsOf(named: GlobalId): readonly string[] {
  switch (named.kind) {
    case 'IngestionRequest':
      return [named.ref.mappingId, named.ref.requestId];
    case 'IngestionTransition':
      return [named.cursor];
    case 'Job':
      return [named.jobId];
    case 'Mapping':
      return [named.mappingId];
  }
}

function toNamed(kind: string, [first, second, ...more]: readonly string[]): GlobalId | null {
  if (first === undefined || more.length > 0) return null;
  if (kind === 'IngestionRequest' && second !== undefined) {
    return { kind, ref: { mappingId: first, requestId: second } };
  }
  if (second !== undefined) return null;
  if (kind === 'IngestionTransition') return { kind, cursor: first };
  if (kind === 'Job') return { kind, jobId: first };
  return kind === 'Mapping' ? { kind, mappingId: first } : null;
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
