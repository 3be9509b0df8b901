import { LRUCache } from 'lru-cache';
import type { BatchFile } from './batch-folder.js';

/** More files than many batches have together. A forgotten file is only read once more. */
const MAX_FILES = 20_000;

/** Files without issues when they arrived. */
export type CleanFiles = ReturnType<typeof createCleanFiles>;

/** Create the memory, which is lost when the process ends. */
export function createCleanFiles() {
  const known = new LRUCache<string, number>({ max: MAX_FILES });
  const keyOf = ({ location, version }: BatchFile) => `${version} ${location}`;
  return {
    /** @param records - the number of its records */
    add: (file: BatchFile, records: number) => void known.set(keyOf(file), records),
    /** The number of records in a file. Undefined if it is not known to be clean, or was replaced since. */
    recordsOf: (file: BatchFile) => known.get(keyOf(file)),
  };
}
