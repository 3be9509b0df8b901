import { ForbiddenError } from './gateway-error.js';

/** What a caller may be let do. To read is to see requests and what happens to them; to operate, to end watches; to manage, to change mappings and cancel jobs. */
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
 * All mappings; or those with one of these ids, and those whose id begins with one of these prefixes.
 * No mapping is in it twice: an id has none of the prefixes, and a prefix begins with no other.
 */
export type MappingScope =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'mappings';
      readonly mappingIds: readonly string[];
      readonly mappingPrefixes?: readonly string[];
    };

/** Who asks. Two that have one name are one caller, by whatever means they sign in. */
export interface Caller {
  /** Null for the anonymous caller, who is everybody where no sign-in is configured. */
  readonly name: string | null;
  readonly rights: readonly Right[];
  readonly mappings: MappingScope;
  /** When this stops to hold, in ms since the epoch; null where it does not. */
  readonly expiresAt: number | null;
}

/** Everybody, where no sign-in is configured. */
export const anonymous: Caller = {
  name: null,
  rights,
  mappings: { kind: 'all' },
  expiresAt: null,
};

/** Stands at the end of a pattern, for whatever follows. */
const ANYTHING = '*';

/**
 * The mappings that some patterns name: each an id, or the beginning of ids and then `*`. So `*` alone names
 * all, and no patterns name none.
 */
export function toMappingScope(patterns: readonly string[]): MappingScope {
  const all = [...new Set(patterns)];
  const prefixes = all
    .filter((pattern) => pattern.endsWith(ANYTHING))
    .map((pattern) => pattern.slice(0, -ANYTHING.length));
  if (prefixes.includes('')) return { kind: 'all' };
  const known = new Set(prefixes);
  // Each of its beginnings is looked up, as there may be thousands of patterns.
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

/** Whether a mapping is among these. */
export function isInScope(scope: MappingScope, mappingId: string): boolean {
  if (scope.kind === 'all') return true;
  const { mappingIds, mappingPrefixes = [] } = scope;
  return (
    mappingIds.includes(mappingId) || mappingPrefixes.some((prefix) => mappingId.startsWith(prefix))
  );
}

/** Of the mappings asked for (null: of all), those that the caller may read. */
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

/** @throws {ForbiddenError} the caller has not been given this right */
export function checkRight(caller: Caller, right: Right): void {
  if (!caller.rights.includes(right)) {
    throw new ForbiddenError(`This needs the right ${right}, which you do not have.`);
  }
}

/**
 * Whether there is such a mapping is not told.
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
 * Whether there is such a mapping is not told.
 *
 * @throws {ForbiddenError} the caller may not change this mapping
 */
export function checkMayManage(caller: Caller, mappingId: string): void {
  checkRight(caller, 'mappings:manage');
  if (!isInScope(caller.mappings, mappingId)) {
    throw new ForbiddenError('You may not manage this mapping.');
  }
}
