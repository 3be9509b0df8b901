/** The settings that name a file or a folder, except those for files of secrets. */
export const pathSettings: ReadonlySet<string> = new Set([
  'API_KEYS_FILE',
  'CAMPAIGN_SERVICE_FAULTS',
  'CAMPAIGN_SERVICE_MAPPINGS_DIR',
  'DATA_DIR',
  'PERSISTED_OPERATIONS',
]);
