import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import type { ApiKey } from '../server/sign-in/api-keys.js';
import { readApiKeys } from './api-keys.js';

/** Looked at so often; whatever replaces it is seen, also where it is a link to another file. */
const LOOK_EVERY_MS = 1_000;

/**
 * Read the file of API keys anew when it changes. One that cannot be used is told to the operator, and the
 * keys of before stay in force.
 *
 * @returns ends the watch
 */
export function watchApiKeys(
  path: string,
  onRead: (keys: readonly ApiKey[]) => void,
  logger: Logger,
): () => void {
  const read = () => {
    const faults: string[] = [];
    const keys = readApiKeys(path, faults);
    if (faults.length === 0) onRead(keys);
    else
      logger.error(
        { faults },
        'API_KEYS_FILE has changed and cannot be used; the keys of before stay in force',
      );
  };
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, read);
  // It may have changed since the start of the process read it.
  read();
  return () => unwatchFile(path, read);
}
