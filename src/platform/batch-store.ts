import type { SQLInputValue } from 'node:sqlite';
import { openOwnDatabase } from '../adobe/data-folder.js';
import type { Batch } from './batch.js';

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
  const database = openOwnDatabase(
    dir,
    'platform.db',
    'Platform receiver',
    `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${SCHEMA}`,
  );
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

function toBatch(row: Record<string, unknown>): Batch {
  return JSON.parse(String(row.batch));
}
