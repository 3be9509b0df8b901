import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Make a folder, and those above it that are missing.
 *
 * Node.js's own way tries for ever where a folder is there and takes none for a reason that looks like a missing
 * one, as in `/proc`.
 *
 * @throws {Error} of the file system
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
    // Another process may have made it at this moment.
    if (code === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || lstatSync(above, { throwIfNoEntry: false })) throw error;
    make(above);
    mkdirSync(path);
  }
}
