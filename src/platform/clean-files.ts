import { LRUCache } from 'lru-cache';
import type { BatchFile } from './batch-folder.js';

/** More files than many batches have at once: what is forgotten is only read once more. */
const MAX_FILES = 20_000;

/** Files in which nothing was wrong when they arrived. */
export interface CleanFiles {
  /** @param records - how many it has */
  add(file: BatchFile, records: number): void;
  /** How many records a file has. Undefined where it is not known to be clean, or was replaced since. */
  recordsOf(file: BatchFile): number | undefined;
}

/** Build the memory; it is as good as lost when the process ends. */
export function createCleanFiles(): CleanFiles {
  const known = new LRUCache<string, number>({ max: MAX_FILES });
  const keyOf = ({ location, version }: BatchFile) => `${version} ${location}`;
  return {
    add: (file, records) => void known.set(keyOf(file), records),
    recordsOf: (file) => known.get(keyOf(file)),
  };
}
