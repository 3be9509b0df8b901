import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import type { ApiKey } from '../server/sign-in/api-keys.js';
import { readApiKeys } from './api-keys.js';

/** How often the file is checked. This also notices a replaced file, or a link to another one. */
const LOOK_EVERY_MS = 1_000;

/**
 * Read the file of API keys again when it changes. If it can't be used, the operator is told, and the previous keys
 * stay valid.
 *
 * @returns ends the watch
 */
export function watchApiKeys(
  path: string,
  onRead: (keys: readonly ApiKey[]) => void,
  logger: Logger,
): () => void {
  const read = () => {
    const issues: string[] = [];
    const keys = readApiKeys(path, issues);
    if (issues.length === 0) onRead(keys);
    else
      logger.error(
        { faults: issues },
        'API_KEYS_FILE has changed and cannot be used; the previous keys stay valid',
      );
  };
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, read);
  // It may have changed since the process read it at startup.
  read();
  return () => unwatchFile(path, read);
}
