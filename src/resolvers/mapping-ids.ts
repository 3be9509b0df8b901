/** How many mappings one operation may name. */
export const MAX_MAPPING_IDS = 100;
