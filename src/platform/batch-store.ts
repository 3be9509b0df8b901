import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { makeFolder } from '../process/make-folder.js';
import type { Batch } from './batch.js';

/** Another receiver works in the data folder, or it cannot be written. The message says what to do. */
export class DataFolderUnusableError extends Error {
  override readonly name = 'DataFolderUnusableError';
}

/** SQLite's codes, without what the extended ones add: in use, damaged, no database at all. */
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS batches (
    position    INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    external_id TEXT NOT NULL UNIQUE,
    data_set_id TEXT NOT NULL,
    status      TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    batch       TEXT NOT NULL
  ) STRICT`;

/** Which batches a list has. */
export interface BatchFilter {
  readonly dataSetId?: string | undefined;
  readonly status?: string | undefined;
  /** In ms since the epoch, both exclusive. */
  readonly createdAfter?: number | undefined;
  readonly createdBefore?: number | undefined;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** How many are passed over. */
  readonly start: number;
}

/** What the receiver knows of its batches. What a call wrote is on the disk when it returns. */
export interface BatchStore {
  /** @returns false where a batch has that external id already; nothing was written */
  add(batch: Batch): boolean;
  find(id: string): Batch | undefined;
  /** Put a batch in the place of what is known of it. */
  replace(batch: Batch): void;
  list(filter: BatchFilter): Batch[];
  close(): void;
}

/**
 * Open the store in a folder, made where there is none. One process has it at a time.
 *
 * @throws {DataFolderUnusableError}
 */
export function openBatchStore(dir: string): BatchStore {
  const database = openDatabase(dir);
  const insert = database.prepare(`
    INSERT OR IGNORE INTO batches (id, external_id, data_set_id, status, created_at, batch)
    VALUES (?, ?, ?, ?, ?, ?)`);
  const select = database.prepare('SELECT batch FROM batches WHERE id = ?');
  const update = database.prepare('UPDATE batches SET status = ?, batch = ? WHERE id = ?');

  return {
    add(batch) {
      const { id, externalId, dataSetId, status, createdAt } = batch;
      const text = JSON.stringify(batch);
      return insert.run(id, externalId, dataSetId, status, createdAt, text).changes === 1;
    },

    find(id) {
      const row = select.get(id);
      return row && toBatch(row);
    },

    replace: (batch) => void update.run(batch.status, JSON.stringify(batch), batch.id),

    list({ order, limit, start, ...filter }) {
      const conditions: readonly (readonly [string, SQLInputValue | undefined])[] = [
        ['data_set_id = ?', filter.dataSetId],
        ['status = ?', filter.status],
        ['created_at > ?', filter.createdAfter],
        ['created_at < ?', filter.createdBefore],
      ];
      const given = conditions.flatMap(([sql, value]) =>
        value === undefined ? [] : [{ sql, value }],
      );
      const where = ['TRUE', ...given.map(({ sql }) => sql)].join(' AND ');
      // Batches that were created in the same millisecond keep their order from page to page.
      const page = `ORDER BY created_at ${order}, position ${order} LIMIT ? OFFSET ?`;
      const statement = database.prepare(`SELECT batch FROM batches WHERE ${where} ${page}`);
      return statement.all(...given.map(({ value }) => value), limit, start).map(toBatch);
    },

    close: () => database.close(),
  };
}

function openDatabase(dir: string): DatabaseSync {
  const path = join(dir, 'platform.db');
  let database: DatabaseSync | null = null;
  try {
    makeFolder(dir);
    // SQLite would say only that it cannot open its file, and not why.
    accessSync(dir, constants.W_OK | constants.X_OK);
    database = new DatabaseSync(path, { timeout: 0 });
    // A lock that the system gives back by itself, however the process ends.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = FULL; ${SCHEMA}`);
    return database;
  } catch (error) {
    database?.close();
    throw new DataFolderUnusableError(toFolderFault(dir, path, error as Error), { cause: error });
  }
}

function toFolderFault(dir: string, path: string, error: Error & { errcode?: number }): string {
  switch ((error.errcode ?? 0) % 256) {
    case BUSY:
      return `${dir} is in use by another Platform receiver: stop that one, or set DATA_DIR to another folder.`;
    case CORRUPT:
    case NOT_A_DATABASE:
      return `${path} is damaged or no database: restore it from a backup, or move it away to begin anew.`;
    default:
      return `${dir} cannot be used (${error.message}): set DATA_DIR to a folder that can be written.`;
  }
}

function toBatch(row: Record<string, unknown>): Batch {
  return JSON.parse(String(row.batch));
}
