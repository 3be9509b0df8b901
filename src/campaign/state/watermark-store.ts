import { type Marker, NO_MARKER } from '../mapping/marker-kind.js';
import type { Watermark } from '../source/watermark.js';
import type { StateDatabase } from './state-database.js';

interface Row {
  readonly id: number;
  readonly changed: string | null;
  readonly marker: Marker;
  readonly since: Marker | null;
  readonly table_size: number | null;
  readonly rows: Uint8Array | null;
}

/** How far each mapping has come: what Platform has accepted of it, and the proposal of its running job. */
export type WatermarkStore = ReturnType<typeof createWatermarkStore>;

/** Create the store on the state's database. Its calls may be part of a transaction. */
export function createWatermarkStore({ sql }: StateDatabase) {
  const accepted = sql.prepare(
    'SELECT id, changed, marker, since, table_size, rows FROM watermark WHERE id = (SELECT watermark_id FROM mapping WHERE mapping.id = ?)',
  );
  const parts = sql.prepare(
    'SELECT digests FROM seen_digests WHERE watermark_id = ? ORDER BY part',
  );
  const insert = sql.prepare(
    'INSERT INTO watermark (mapping_id, changed, marker, since, table_size, rows) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const insertPart = sql.prepare('INSERT INTO seen_digests VALUES (?, ?, ?)');
  const pointAtProposed = sql.prepare(
    `UPDATE mapping SET watermark_id = (
       SELECT id FROM watermark WHERE mapping_id = mapping.id AND id IS NOT mapping.watermark_id
     ) WHERE id = ?`,
  );
  const pointAtNone = sql.prepare('UPDATE mapping SET watermark_id = NULL WHERE id = ?');
  const deleteOthers = sql.prepare(
    `DELETE FROM watermark WHERE mapping_id = ?
       AND id IS NOT (SELECT watermark_id FROM mapping WHERE mapping.id = watermark.mapping_id)`,
  );
  const drop = (mappingId: string) => void deleteOthers.run(mappingId);

  const rowOf = (mappingId: string) => accepted.get(mappingId) as Row | undefined;

  return {
    /** What Platform has accepted; null: nothing, so the next run begins from the beginning. */
    acceptedOf(mappingId: string): Watermark | null {
      const row = rowOf(mappingId);
      if (row === undefined) return null;
      const seen = parts.all(row.id).map(({ digests }) => digests as Uint8Array);
      const had = { tableSize: row.table_size, rows: row.rows };
      return { column: row.changed, marker: row.marker, since: row.since, seen, had };
    },

    /** Its marker alone. */
    acceptedMarkerOf(mappingId: string): Marker | null {
      const marker = rowOf(mappingId)?.marker ?? null;
      return marker === NO_MARKER ? null : marker;
    },

    /** Record the mapping's watermark for the time when its job's records are accepted. */
    propose(mappingId: string, watermark: Watermark | null): void {
      drop(mappingId);
      if (watermark === null) return;
      const { lastInsertRowid: id } = insert.run(
        mappingId,
        watermark.column,
        watermark.marker,
        watermark.since,
        watermark.had.tableSize,
        watermark.had.rows,
      );
      for (const [part, digests] of watermark.seen.entries()) insertPart.run(id, part, digests);
    },

    /** The job's proposal becomes the mapping's watermark. */
    accept(mappingId: string): void {
      pointAtProposed.run(mappingId);
      drop(mappingId);
    },

    /** Drop the job's proposal, if there is one. */
    drop,

    /** The next run begins from the beginning. */
    forget(mappingId: string): void {
      pointAtNone.run(mappingId);
      drop(mappingId);
    },
  };
}
