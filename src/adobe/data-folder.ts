import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../process/make-folder.js';
import type { Service } from './listen.js';

/** Another process uses the data folder, or it can't be used at all. The message says what to do. */
export class DataFolderUnusableError extends Error {
  override readonly name = 'DataFolderUnusableError';
}

/** SQLite's codes, without their extensions: in use, damaged, not a database. */
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/**
 * Open a database in a folder, which is created if necessary, for this process alone.
 *
 * Node.js has no file locks, but SQLite has, and the system releases them however the process ends.
 *
 * @param lock - SQL that takes the lock, and anything else that comes first
 * @throws {DataFolderUnusableError}
 */
export function openOwnDatabase(
  dir: string,
  name: string,
  service: Service,
  lock: string,
): DatabaseSync {
  const path = join(dir, name);
  let database: DatabaseSync | null = null;
  try {
    makeFolder(dir);
    // SQLite would only say that it can't open its file, and not why.
    accessSync(dir, constants.W_OK | constants.X_OK);
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec(lock);
    return database;
  } catch (error) {
    database?.close();
    const issue = toFolderErrorText(dir, path, service, error as Error);
    throw new DataFolderUnusableError(issue, { cause: error });
  }
}

function toFolderErrorText(
  dir: string,
  path: string,
  service: Service,
  error: Error & { errcode?: number },
): string {
  switch ((error.errcode ?? 0) % 256) {
    case BUSY:
      return `${dir} is in use by another ${service}: stop that one, or set DATA_DIR to another folder.`;
    case CORRUPT:
    case NOT_A_DATABASE:
      return `${path} is damaged or not a database: restore it from a backup, or move it away to start over.`;
    default:
      return `${dir} cannot be used (${error.message}): set DATA_DIR to a folder that can be written.`;
  }
}
