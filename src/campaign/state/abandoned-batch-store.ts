import type { StateDatabase } from './state-database.js';

/** Batches that nobody will complete, and that Platform has not aborted yet. */
export type AbandonedBatchStore = ReturnType<typeof createAbandonedBatchStore>;

/** Create the store on the state's database. Its calls may be part of a transaction. */
export function createAbandonedBatchStore({ sql }: StateDatabase) {
  const insert = sql.prepare(
    'INSERT INTO abandoned_batch (batch_id) VALUES (?) ON CONFLICT DO NOTHING',
  );
  const select = sql.prepare('SELECT batch_id FROM abandoned_batch ORDER BY rowid');
  const remove = sql.prepare('DELETE FROM abandoned_batch WHERE batch_id = ?');
  return {
    add: (batchId: string) => void insert.run(batchId),
    all: () => (select.all() as { batch_id: string }[]).map((row) => row.batch_id),
    remove: (batchId: string) => void remove.run(batchId),
  };
}
