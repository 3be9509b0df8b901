import { BadUserInputError } from '../ingestion/gateway-error.js';
import { parseMappingId } from '../ingestion/request-ref.js';

/** How many mappings one operation may name. */
const MAX_MAPPING_IDS = 100;

/** @throws {BadUserInputError} there are none or too many, or one is not a valid mapping id */
export function parseMappingIds(mappingIds: readonly string[]): readonly string[] {
  if (mappingIds.length === 0) {
    throw new BadUserInputError('mappingIds must not be empty. Leave it out for all.');
  }
  if (mappingIds.length > MAX_MAPPING_IDS) {
    throw new BadUserInputError(
      `mappingIds must have at most ${MAX_MAPPING_IDS} items; these are ${mappingIds.length}.`,
    );
  }
  return mappingIds.map(parseMappingId);
}
