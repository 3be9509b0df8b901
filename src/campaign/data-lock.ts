import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../process/make-folder.js';

/** Another process works in the data folder, or it cannot be written. The message says what to do. */
export class DataFolderUnusableError extends Error {
  override readonly name = 'DataFolderUnusableError';
}

/** SQLITE_BUSY, without what the extended code adds. */
const BUSY = 5;

/**
 * Take a data folder for this process alone.
 *
 * Node.js has no file locks, and SQLite has: an open transaction on an empty database is one that the
 * system gives back by itself, however the process ends.
 *
 * @returns what gives it back
 * @throws {DataFolderUnusableError}
 */
export function lockDataFolder(dir: string): () => void {
  let database: DatabaseSync | null = null;
  try {
    makeFolder(dir);
    // SQLite would say only that it cannot open its file, and not why.
    accessSync(dir, constants.W_OK | constants.X_OK);
    database = new DatabaseSync(join(dir, 'lock.db'), { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw new DataFolderUnusableError(toFolderFault(dir, error as Error), { cause: error });
  }
  return () => database.close();
}

function toFolderFault(dir: string, error: Error & { errcode?: number }): string {
  return (error.errcode ?? 0) % 256 === BUSY
    ? `${dir} is in use by another Campaign service: stop that one, or set DATA_DIR to another folder.`
    : `${dir} cannot be used (${error.message}): set DATA_DIR to a folder that can be written.`;
}
