import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process works in the data folder. The message says what to do. */
export class DataFolderInUseError extends Error {
  override readonly name = 'DataFolderInUseError';
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
 * @throws {DataFolderInUseError}
 */
export function lockDataFolder(dir: string): () => void {
  mkdirSync(dir, { recursive: true });
  const database = new DatabaseSync(join(dir, 'lock.db'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 !== BUSY) throw error;
    throw new DataFolderInUseError(
      `${dir} is in use by another Campaign service: stop that one, or set DATA_DIR to another folder.`,
    );
  }
  return () => database.close();
}
