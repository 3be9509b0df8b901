import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../process/make-folder.js';
import type { Service } from './listen.js';

/** Another process works in the data folder, or it cannot be used. The message says what to do. */
export class DataFolderUnusableError extends Error {
  override readonly name = 'DataFolderUnusableError';
}

/** SQLite's codes, without what the extended ones add: in use, damaged, no database at all. */
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/**
 * Open a database in a folder, made where there is none, which this process has for itself from then on.
 *
 * Node.js has no file locks, and SQLite has: one that the system gives back by itself, however the process ends.
 *
 * @param lock - SQL that takes the lock, and whatever else comes first
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
    // SQLite would say only that it cannot open its file, and not why.
    accessSync(dir, constants.W_OK | constants.X_OK);
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec(lock);
    return database;
  } catch (error) {
    database?.close();
    const fault = toFolderFault(dir, path, service, error as Error);
    throw new DataFolderUnusableError(fault, { cause: error });
  }
}

function toFolderFault(
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
      return `${path} is damaged or no database: restore it from a backup, or move it away to begin anew.`;
    default:
      return `${dir} cannot be used (${error.message}): set DATA_DIR to a folder that can be written.`;
  }
}
