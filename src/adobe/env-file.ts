import { existsSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { readTextFile } from './strict-text.js';

/**
 * The variables of a `.env` file; none if there is no such file.
 *
 * @throws {Error} it can't be read, or is not text
 */
export function readEnvFile(path: string): NodeJS.ProcessEnv {
  if (!existsSync(path)) return {};
  try {
    return parseEnv(readTextFile(path));
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}
