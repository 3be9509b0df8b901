import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Create a folder and its missing parents.
 *
 * Node.js's own function tries for ever if a folder exists and accepts no entries for a reason that looks like a
 * missing folder, as in `/proc`.
 *
 * @throws {Error} from the file system
 */
export function makeFolder(path: string): void {
  make(resolve(path));
}

function make(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process may have created it at this moment.
    if (code === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || lstatSync(above, { throwIfNoEntry: false })) throw error;
    make(above);
    mkdirSync(path);
  }
}
