import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MappingSource } from '../mapping.js';
import {
  CHUNK_ROWS,
  type SourceChunk,
  SourceError,
  type SourceQuery,
  type SourceReading,
  toTableMarker,
} from './source.js';
import { quoteIdentifier } from './sql-identifier.js';
import type { Marker } from './watermark.js';

type SqliteTable = Extract<MappingSource, { kind: 'sqlite' }>;

/** A chunk ends after this, in ms, though it be small: SQLite reads on the thread that serves everything. */
const CHUNK_MS = 10;

/** How long a writer that holds the file is waited for, in ms. The wait blocks the thread. */
const BUSY_TIMEOUT_MS = 250;

/** SQLITE_BUSY and SQLITE_LOCKED, without what the extended codes add. */
const PASSING = new Set([5, 6]);

/**
 * Begin to read a SQLite table, as it stands now: one transaction sees one state of it.
 *
 * Rows come in no order, so that SQLite sorts nothing; an index on the change marker makes a run cost what
 * has changed. Integers beyond 2^53 are read as text.
 *
 * @throws {SourceError}
 */
export async function openSqliteTable(
  { path, table }: SqliteTable,
  query: SourceQuery,
): Promise<SourceReading> {
  const name = `${path}, table ${JSON.stringify(table)}`;
  const database = orSourceError(path, () => {
    return new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  });
  const close = () => {
    if (database.isOpen) database.close();
  };
  try {
    return orSourceError(name, () => {
      database.exec('BEGIN');
      const since = sinceOf(database, table, query);
      const highest = highestMarkerOf(database, table, query, since);
      return {
        order: { kind: 'known', highest },
        toMarker: toTableMarker,
        chunks: readChunks(database, table, query, since, name),
        async [Symbol.asyncDispose]() {
          close();
        },
      };
    });
  } catch (error) {
    close();
    throw error;
  }
}

async function* readChunks(
  database: DatabaseSync,
  table: string,
  query: SourceQuery,
  since: SQLInputValue,
  name: string,
): AsyncGenerator<SourceChunk> {
  for (const { text, values } of statementsOf(table, query, since)) {
    const rows = orSourceError(name, () => {
      const statement = database.prepare(text, { readBigInts: true, returnArrays: true });
      return statement.iterate(...values) as unknown as Iterator<SQLOutputValue[]>;
    });
    for (let isOver = false; !isOver; ) {
      const chunk: unknown[][] = [];
      isOver = orSourceError(name, () => fill(chunk, rows));
      yield { rows: chunk, lines: null, broken: [] };
      await nextTurn(undefined, { signal: query.signal });
    }
  }
}

/** @returns true where there are no more rows */
function fill(chunk: unknown[][], rows: Iterator<SQLOutputValue[]>): boolean {
  const endsAt = performance.now() + CHUNK_MS;
  while (chunk.length < CHUNK_ROWS) {
    const { done, value } = rows.next();
    if (done) return true;
    chunk.push(value.map(toPlain));
    if (chunk.length % 32 === 0 && performance.now() > endsAt) return false;
  }
  return false;
}

function toPlain(value: SQLOutputValue): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/**
 * The watermark's marker, as the table has it; null where there is none. An integer beyond 2^53 is kept as text,
 * and where a column has no type, as in a view, SQLite takes no integer for higher than a text.
 */
function sinceOf(
  database: DatabaseSync,
  table: string,
  { columns, markerIndex, watermark }: SourceQuery,
): SQLInputValue {
  if (markerIndex === null || watermark === null) return null;
  if (typeof watermark.marker === 'number' || !/^-?\d+$/.test(watermark.marker)) {
    return watermark.marker;
  }
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  const text = `SELECT typeof(${marker}) AS kind FROM ${quoteIdentifier(table)} WHERE ${marker} IS NOT NULL LIMIT 1`;
  const isInteger = database.prepare(text).get()?.kind === 'integer';
  return isInteger ? BigInt(watermark.marker) : watermark.marker;
}

function highestMarkerOf(
  database: DatabaseSync,
  table: string,
  { columns, markerIndex }: SourceQuery,
  since: SQLInputValue,
): Marker | null {
  if (markerIndex === null) return null;
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  const [where, values] = since === null ? ['', []] : [` WHERE ${marker} >= ?`, [since]];
  const text = `SELECT max(${marker}) AS highest FROM ${quoteIdentifier(table)}${where}`;
  const highest = toPlain(
    database.prepare(text, { readBigInts: true }).get(...values)?.highest ?? null,
  );
  if (highest === null || typeof highest === 'string' || typeof highest === 'number')
    return highest;
  throw new Error(`column ${marker} holds binary data, which cannot tell what has changed`);
}

/** Rows without a marker come with every run, apart, so that each statement is one that an index serves. */
function statementsOf(
  table: string,
  { columns, markerIndex }: SourceQuery,
  since: SQLInputValue,
): readonly { readonly text: string; readonly values: SQLInputValue[] }[] {
  const select = `SELECT ${columns.map(quoteIdentifier).join(', ')} FROM ${quoteIdentifier(table)}`;
  if (markerIndex === null || since === null) return [{ text: select, values: [] }];
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  return [
    { text: `${select} WHERE ${marker} IS NULL`, values: [] },
    { text: `${select} WHERE ${marker} >= ?`, values: [since] },
  ];
}

function orSourceError<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message, errcode = 0 } = error as Error & { errcode?: number };
    throw new SourceError(`${name}: ${message}`, PASSING.has(errcode % 256), { cause: error });
  }
}
