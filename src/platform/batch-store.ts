import type { SQLInputValue } from 'node:sqlite';
import { openOwnDatabase } from '../adobe/data-folder.js';
import { AUTOMATIC_STATUSES, type Batch } from './batch.js';

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

/** The fields that batches can be sorted by, and where they are. */
const ORDERS = {
  created: 'created_at',
  updated: "batch ->> 'updatedAt'",
  started: "batch ->> 'startedAt'",
  completed: "batch ->> 'completedAt'",
  status: 'status',
  externalId: 'external_id',
} as const;

/** The names of {@link BatchOrder}. */
export const BATCH_FIELDS = Object.keys(ORDERS) as readonly (keyof typeof ORDERS)[];

/** A sort order. */
export interface BatchOrder {
  readonly field: keyof typeof ORDERS;
  readonly direction: 'asc' | 'desc';
}

/** Which batches a list includes. */
export interface BatchFilter {
  readonly id?: string | undefined;
  readonly externalId?: string | undefined;
  readonly dataSetId?: string | undefined;
  readonly status?: string | undefined;
  /** In ms since the epoch, both exclusive. */
  readonly createdAfter?: number | undefined;
  readonly createdBefore?: number | undefined;
  /** In ms since the epoch. */
  readonly created?: number | undefined;
  readonly updated?: number | undefined;
  /** Later ones decide between batches that are equal by earlier ones. */
  readonly order: readonly BatchOrder[];
  readonly limit: number;
  /** How many to skip. */
  readonly start: number;
}

/** What the receiver knows about its batches. What a call wrote is on disk when it returns. */
export type BatchStore = ReturnType<typeof openBatchStore>;

/**
 * Open the store in a folder, which is created if necessary. Only one process can have it open.
 *
 * @throws {DataFolderUnusableError}
 */
export function openBatchStore(dir: string) {
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

  const past = database.prepare(`
    SELECT id FROM batches
    WHERE batch ->> 'updatedAt' < ? AND status NOT IN (${AUTOMATIC_STATUSES.map((status) => `'${status}'`)})`);
  const remove = database.prepare('DELETE FROM batches WHERE id = ?');

  return {
    /** @returns false if a batch already has that external id; nothing was written */
    add(batch: Batch): boolean {
      const { id, externalId, dataSetId, status, createdAt } = batch;
      const text = JSON.stringify(batch);
      return insert.run(id, externalId, dataSetId, status, createdAt, text).changes === 1;
    },

    find(id: string): Batch | undefined {
      const row = select.get(id);
      return row && toBatch(row);
    },

    /** Replace what is known about a batch. */
    replace: (batch: Batch) => void update.run(batch.status, JSON.stringify(batch), batch.id),

    list({ order, limit, start, ...filter }: BatchFilter): Batch[] {
      const conditions: readonly (readonly [string, SQLInputValue | undefined])[] = [
        ['id = ?', filter.id],
        ['external_id = ?', filter.externalId],
        ['data_set_id = ?', filter.dataSetId],
        ['status = ?', filter.status],
        ['created_at = ?', filter.created],
        ["batch ->> 'updatedAt' = ?", filter.updated],
        ['created_at > ?', filter.createdAfter],
        ['created_at < ?', filter.createdBefore],
      ];
      const given = conditions.flatMap(([sql, value]) =>
        value === undefined ? [] : [{ sql, value }],
      );
      const where = ['TRUE', ...given.map(({ sql }) => sql)].join(' AND ');
      // Batches that were created in the same millisecond keep their order from page to page.
      const orders = order.map(({ field, direction }) => `${ORDERS[field]} ${direction}`);
      const last = `position ${order[0]?.direction ?? 'asc'}`;
      const page = `ORDER BY ${[...orders, last].join(', ')} LIMIT ? OFFSET ?`;
      const statement = database.prepare(`SELECT batch FROM batches WHERE ${where} ${page}`);
      return statement.all(...given.map(({ value }) => value), limit, start).map(toBatch);
    },

    /** The ids of resting batches that have not changed since. */
    past: (changedBefore: number) => past.all(changedBefore).map(({ id }) => String(id)),

    forget: (id: string) => void remove.run(id),

    close: () => database.close(),
  };
}

function toBatch(row: Record<string, unknown>): Batch {
  return JSON.parse(String(row.batch));
}
