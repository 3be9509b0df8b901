import { BadUserInputError } from '../ingestion/gateway-error.js';
import { parseMappingId } from '../ingestion/request-ref.js';

/** How many mappings one operation may name. */
const MAX_MAPPING_IDS = 100;

/** @throws {BadUserInputError} there are none or too many, or one is not a valid mapping id */
export function parseMappingIds(mappingIds: readonly string[]): readonly string[] {
  requireSome('mappingIds', mappingIds);
  if (mappingIds.length > MAX_MAPPING_IDS) {
    throw new BadUserInputError(
      `mappingIds must have at most ${MAX_MAPPING_IDS} items; these are ${mappingIds.length}.`,
    );
  }
  return mappingIds.map(parseMappingId);
}

/** @throws {BadUserInputError} there are none */
export function parseStatuses<S>(
  statuses: readonly S[] | null | undefined,
): readonly S[] | undefined {
  if (statuses) requireSome('statuses', statuses);
  return statuses ?? undefined;
}

/** An empty list might be meant as all, or as none. */
function requireSome(name: string, list: readonly unknown[]): void {
  if (list.length > 0) return;
  throw new BadUserInputError(`${name} must not be empty. Leave it out for all.`);
}
