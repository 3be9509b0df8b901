import { DatabaseSync } from 'node:sqlite';
import { STATE_MIGRATIONS } from './state-migrations.js';

/** The database has no state that this version can use. The message says what to do. */
export class StateUnusableError extends Error {
  override readonly name = 'StateUnusableError';
}

/** SQLite's codes, without their extensions. */
const READ_ONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

/**
 * What the service must not forget: requests, jobs, the states of mappings.
 *
 * Its calls are synchronous: what they write is on disk before anybody hears of it, and nothing else runs in between.
 * There are few in a run, so the blocked milliseconds do not matter.
 */
export type StateDatabase = ReturnType<typeof openState>;

/**
 * Open the state. Create it or bring it up to date if necessary.
 *
 * @throws {StateUnusableError} the file is damaged or can't be written, or a newer version wrote it
 */
export function openState(path: string) {
  let sql: DatabaseSync | null = null;
  try {
    sql = new DatabaseSync(path);
    sql.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    migrate(sql, path);
  } catch (error) {
    sql?.close();
    throw toStateError(path, error as Error);
  }
  const opened = sql;
  return {
    sql: opened,
    path,
    /** Everything that `work` writes is written, or nothing. Must not be nested. */
    transaction: <T>(work: () => T): T => transaction(opened, work),
    close: (): void => opened.close(),
  };
}

function toStateError(path: string, error: Error & { errcode?: number }): Error {
  switch ((error.errcode ?? 0) % 256) {
    case CORRUPT:
    case NOT_A_DATABASE:
      return new StateUnusableError(
        `${path} is damaged or not a database: restore it from a backup, or move it away to start over.`,
        { cause: error },
      );
    case READ_ONLY:
    case IO_ERROR:
    case FULL:
    case CANNOT_OPEN:
      return new StateUnusableError(
        `${path} cannot be written (${error.message}): check the disk and its permissions, or set DATA_DIR to another folder.`,
        { cause: error },
      );
    default:
      return error;
  }
}

function migrate(sql: DatabaseSync, path: string): void {
  const { user_version: known } = sql.prepare('PRAGMA user_version').get() as {
    user_version: number;
  };
  if (known > STATE_MIGRATIONS.length) {
    throw new StateUnusableError(
      `${path} was written by a newer version of the Campaign service: run that one, or set DATA_DIR to another folder.`,
    );
  }
  sql.function('from_base64', (text) => Buffer.from(String(text), 'base64'));
  for (const [index, migration] of STATE_MIGRATIONS.entries()) {
    if (index < known) continue;
    transaction(sql, () => sql.exec(`${migration}; PRAGMA user_version = ${index + 1}`));
  }
}

function transaction<T>(sql: DatabaseSync, work: () => T): T {
  sql.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    sql.exec('COMMIT');
    return result;
  } catch (error) {
    // On a full disk SQLite rolls back on its own; then there is nothing left to do.
    if (sql.isTransaction) sql.exec('ROLLBACK');
    throw error;
  }
}
