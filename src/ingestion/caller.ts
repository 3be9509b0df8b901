import { ForbiddenError } from './gateway-error.js';

/**
 * What a caller may do. Reading covers requests and their transitions; operating, ending watches; managing, changing
 * mappings and cancelling jobs.
 */
export const rights = [
  'ingestion:read',
  'ingestion:start',
  'ingestion:operate',
  'mappings:manage',
  'metrics:read',
] as const;
/** One of {@link rights}. */
export type Right = (typeof rights)[number];

/**
 * All mappings, or those with one of these ids or prefixes. No mapping is covered twice: no id has one of the
 * prefixes, and no prefix begins with another.
 */
export type MappingScope =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'mappings';
      readonly mappingIds: readonly string[];
      readonly mappingPrefixes?: readonly string[];
    };

/** Who is asking. Two callers with the same name are one, however they sign in. */
export interface Caller {
  /** Null for the anonymous caller, which is everybody when no sign-in is configured. */
  readonly name: string | null;
  readonly rights: readonly Right[];
  readonly mappings: MappingScope;
  /** When the sign-in expires, in ms since the epoch; null if never. */
  readonly expiresAt: number | null;
}

/** Everybody, when no sign-in is configured. */
export const anonymous: Caller = {
  name: null,
  rights,
  mappings: { kind: 'all' },
  expiresAt: null,
};

/** Ends a pattern, and matches whatever follows. */
const ANYTHING = '*';

/**
 * The mappings that these patterns name. A pattern is an id, or the beginning of ids followed by `*`. So `*` alone
 * names all, and no patterns name none.
 */
export function toMappingScope(patterns: readonly string[]): MappingScope {
  const all = [...new Set(patterns)];
  const prefixes = all
    .filter((pattern) => pattern.endsWith(ANYTHING))
    .map((pattern) => pattern.slice(0, -ANYTHING.length));
  if (prefixes.includes('')) return { kind: 'all' };
  const known = new Set(prefixes);
  // Looks up each beginning of the text, because there may be thousands of patterns.
  const hasNoOther = (text: string) =>
    !Array.from({ length: text.length }, (_, length) => text.slice(0, length)).some((start) =>
      known.has(start),
    );
  const ids = all.filter((pattern) => !pattern.endsWith(ANYTHING));
  return {
    kind: 'mappings',
    mappingIds: ids.filter((id) => hasNoOther(id) && !known.has(id)).sort(),
    mappingPrefixes: prefixes.filter(hasNoOther).sort(),
  };
}

/** Whether a scope contains a mapping. */
export function isInScope(scope: MappingScope, mappingId: string): boolean {
  if (scope.kind === 'all') return true;
  const { mappingIds, mappingPrefixes = [] } = scope;
  return (
    mappingIds.includes(mappingId) || mappingPrefixes.some((prefix) => mappingId.startsWith(prefix))
  );
}

/** The requested mappings (null: all) that the caller may read. */
export function toReadableScope(
  caller: Caller,
  mappingIds: readonly string[] | null,
): MappingScope {
  if (!caller.rights.includes('ingestion:read')) return { kind: 'mappings', mappingIds: [] };
  if (mappingIds === null) return caller.mappings;
  return { kind: 'mappings', mappingIds: mappingIds.filter((id) => mayRead(caller, id)) };
}

/** Whether the caller may see this mapping’s requests. */
export function mayRead(caller: Caller, mappingId: string): boolean {
  return caller.rights.includes('ingestion:read') && isInScope(caller.mappings, mappingId);
}

/** Whether the caller may start ingestions of this mapping. */
export function mayStart(caller: Caller, mappingId: string): boolean {
  return caller.rights.includes('ingestion:start') && isInScope(caller.mappings, mappingId);
}

/** @throws {ForbiddenError} the caller lacks this right */
export function checkRight(caller: Caller, right: Right): void {
  if (!caller.rights.includes(right)) {
    throw new ForbiddenError(`This needs the right ${right}, which you do not have.`);
  }
}

/**
 * The error doesn't reveal whether the mapping exists.
 *
 * @throws {ForbiddenError} the caller may not start ingestions of this mapping
 */
export function checkMayStart(caller: Caller, mappingId: string): void {
  checkRight(caller, 'ingestion:start');
  if (!mayStart(caller, mappingId)) {
    throw new ForbiddenError('You may not start ingestions of this mapping.');
  }
}

/**
 * The error doesn't reveal whether the mapping exists.
 *
 * @throws {ForbiddenError} the caller may not change this mapping
 */
export function checkMayManage(caller: Caller, mappingId: string): void {
  checkRight(caller, 'mappings:manage');
  if (!isInScope(caller.mappings, mappingId)) {
    throw new ForbiddenError('You may not manage this mapping.');
  }
}
