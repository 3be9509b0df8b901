import { isUtf8 } from 'node:buffer';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SqliteTable } from '../mapping/mapping.js';
import {
  inferMarkerKind,
  type Marker,
  type MarkerKind,
  NO_MARKER,
} from '../mapping/marker-kind.js';
import {
  CHUNK_ROWS,
  markerKindOf,
  type SourceChunk,
  SourceError,
  type SourceQuery,
  type SourceReading,
} from './source.js';
import { quoteIdentifier } from './sql-identifier.js';
import { highestOf, readWatermark } from './watermark.js';

/**
 * A chunk ends after this, in ms, even if it is small, because SQLite reads on the thread that serves everything
 * else.
 */
const CHUNK_MS = 10;

const DAY_MS = 86_400_000;

const WHOLE_NUMBER = /^-?\d+$/;
/** Date-times in UTC that compare as texts if they have the same number of decimals. */
const ONE_FORM = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z?)?$/;

/** How long to wait for a writer that has locked the file, in ms. The wait blocks the thread. */
const BUSY_TIMEOUT_MS = 250;

/** What a decoder makes of bytes that are not text. */
const REPLACEMENT = '\ufffd';

/** SQLITE_BUSY and SQLITE_LOCKED, without their extended codes. */
const TRANSIENT_CODES = new Set([5, 6]);

/**
 * Begin to read the current state of a SQLite table, in one transaction.
 *
 * Rows come unordered, so that SQLite sorts nothing. With an index on the change marker, a run's cost depends on what
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
      const first = firstMarkers(database, table, query);
      const marker = markerKindOf(query, first);
      const since = sinceOf(query, marker, first);
      return {
        highest: highestMarkerOf(database, table, { ...query, since, first }, marker),
        marker,
        size: highestRowId(database, table),
        incomplete: [],
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

/** Rises as rows are added; null for a view and a table without row ids. */
function highestRowId(database: DatabaseSync, table: string): number | null {
  try {
    const text = `SELECT max(rowid) AS highest FROM ${quoteIdentifier(table)}`;
    const found = database.prepare(text, { readBigInts: true }).get()?.highest ?? 0;
    return typeof found === 'string' ? null : Number(found);
  } catch {
    return null;
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
    for (let hasEnded = false; !hasEnded; ) {
      const chunk: unknown[][] = [];
      hasEnded = orSourceError(name, () => fill(chunk, rows));
      yield { file: null, rows: chunk, lines: null, broken: [] };
      await nextTurn(undefined, { signal: query.signal });
    }
  }
}

/** @returns true if there are no more rows */
function fill(chunk: unknown[][], rows: Iterator<SQLOutputValue[]>): boolean {
  const endsAt = performance.now() + CHUNK_MS;
  while (chunk.length < CHUNK_ROWS) {
    const { done, value } = rows.next();
    if (done) return true;
    chunk.push(toRow(value));
    if (chunk.length % 32 === 0 && performance.now() > endsAt) return false;
  }
  return false;
}

/** The values of a row, of which the last shows the bytes of the others where {@link bytesOf} does. */
function toRow(row: SQLOutputValue[]): unknown[] {
  const bytes = row.pop() ?? null;
  return row.map((value, at) => {
    if (typeof value !== 'string') return toPlain(value);
    if (!value.includes(REPLACEMENT)) return value;
    const hex = bytes === null ? '' : (String(bytes).split(',')[at] ?? '');
    // Text that is not UTF-8 counts as binary data, which its fields refuse.
    return hex !== '' && isUtf8(Buffer.from(hex, 'hex')) ? value : Buffer.from(value);
  });
}

/**
 * An SQL expression for the bytes of each column, in hexadecimal digits, for rows in which the text of one has a
 * replacement character; null for others. Text that is not UTF-8 has one too once it is read.
 */
function bytesOf(columns: readonly string[]): string {
  const names = columns.map(quoteIdentifier);
  const has = names.map((name) => `instr(${name}, '${REPLACEMENT}')`).join(' OR ');
  return `CASE WHEN ${has} THEN concat_ws(',', ${names.map((name) => `hex(${name})`).join(', ')}) END`;
}

function toPlain(value: SQLOutputValue): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function firstMarkers(
  database: DatabaseSync,
  table: string,
  { columns, markerIndex }: SourceQuery,
): readonly unknown[] {
  if (markerIndex === null) return [];
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  const text = `SELECT ${marker} AS marker FROM ${quoteIdentifier(table)} WHERE ${marker} IS NOT NULL LIMIT ${CHUNK_ROWS}`;
  const statement = database.prepare(text, { readBigInts: true });
  return statement.all().map(({ marker: value = null }) => toPlain(value));
}

/**
 * The marker from which a table is read: no new row, and no value that is not a marker, is below it. Null: the whole
 * table is read.
 *
 * SQLite sorts numbers before texts, so everything that is not a number is above every number.
 */
function sinceOf(query: SourceQuery, kind: MarkerKind, first: readonly unknown[]): SQLInputValue {
  const since = readWatermark(query.watermark, kind)?.since;
  if (since === undefined || since === NO_MARKER || query.markerIndex === null) return null;
  const rule = query.changedAs ?? inferMarkerKind(first, since);
  const areTexts = first.some((value) => typeof value === 'string');
  if (typeof since === 'number') {
    // Beyond 2^53 it is rounded, so a slightly lower value may be new.
    return areTexts
      ? null
      : Number.isSafeInteger(since)
        ? since
        : since - Math.abs(since) * 2 ** -51;
  }
  // Whatever their form and offset, instants of that day or later begin with that day's predecessor or a later day.
  if (rule?.as === 'date-time' && rule.format === 'iso')
    return String(kind.before(since, DAY_MS)).slice(0, 10);
  return null;
}

function highestMarkerOf(
  database: DatabaseSync,
  table: string,
  query: SourceQuery & { readonly since: SQLInputValue; readonly first: readonly unknown[] },
  kind: MarkerKind,
): Marker | null {
  const { columns, markerIndex, since, first } = query;
  if (markerIndex === null) return null;
  const marker = columns[markerIndex] ?? '';
  let highest =
    since === null ? kind.read(highestOfOneForm(database, table, marker, first[0])) : null;
  if (highest !== null) return highest;
  for (const { text, values } of statementsOf(
    table,
    { ...query, columns: [marker], markerIndex: 0 },
    since,
  )) {
    const statement = database.prepare(text, { readBigInts: true, returnArrays: true });
    for (const row of statement.iterate(...values) as unknown as Iterable<SQLOutputValue[]>) {
      const [value] = toRow(row);
      highest = highestOf(kind.read(value), highest);
    }
  }
  return highest;
}

/**
 * The highest value of a column whose values SQLite compares as markers do, because they are all integers or all have
 * the same form of date-time. Null if they are not.
 *
 * @param one - any of them
 */
function highestOfOneForm(
  database: DatabaseSync,
  table: string,
  marker: string,
  one: unknown,
): unknown {
  const column = quoteIdentifier(marker);
  const isOfForm = formOf(column, String(one));
  if (isOfForm === null) return null;
  const text = `SELECT max(${column}) AS highest, count(${column}) - total(${isOfForm}) AS others
    FROM ${quoteIdentifier(table)}`;
  const { highest = null, others } = database.prepare(text, { readBigInts: true }).get() ?? {};
  return Number(others) === 0 ? toPlain(highest) : null;
}

/** An SQL expression that is 1 for values of a column that have the same form as this one. */
function formOf(column: string, value: string): string | null {
  if (WHOLE_NUMBER.test(value)) return `typeof(${column}) = 'integer'`;
  if (!ONE_FORM.test(value)) return null;
  const glob = value.replace(/\d/g, '[0-9]');
  return `typeof(${column}) = 'text' AND ${column} GLOB '${glob}'`;
}

/**
 * Rows without a marker, or with an odd one, are read in every run, by separate statements, so that an index serves
 * each statement.
 */
function statementsOf(
  table: string,
  { columns, markerIndex }: SourceQuery,
  since: SQLInputValue,
): readonly { readonly text: string; readonly values: SQLInputValue[] }[] {
  const selected = [...columns.map(quoteIdentifier), bytesOf(columns)].join(', ');
  const select = `SELECT ${selected} FROM ${quoteIdentifier(table)}`;
  if (markerIndex === null || since === null) return [{ text: select, values: [] }];
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  const statements = [
    { text: `${select} WHERE ${marker} IS NULL`, values: [] },
    { text: `${select} WHERE ${marker} >= ?`, values: [since] },
  ];
  if (typeof since !== 'string') return statements;
  const odd = `${select} WHERE ${marker} < ? AND ${marker} NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'`;
  return [...statements, { text: odd, values: [since] }];
}

function orSourceError<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message, errcode = 0 } = error as Error & { errcode?: number };
    throw new SourceError(`${name}: ${message}`, TRANSIENT_CODES.has(errcode % 256), {
      cause: error,
    });
  }
}
