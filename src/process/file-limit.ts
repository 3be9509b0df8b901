import { readFileSync } from 'node:fs';

/**
 * How many files and connections this process may have open at once. Node.js has raised the limit as far as possible.
 *
 * @returns null if the system does not say, as everywhere but on Linux
 */
export function readFileLimit(path = '/proc/self/limits'): number | null {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync(path, 'utf8')) ?? [];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
