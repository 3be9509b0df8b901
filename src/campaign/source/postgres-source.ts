import type { Client, CustomTypesConfig } from 'pg';
import Cursor from 'pg-cursor';
import type { PostgresTable } from '../mapping/mapping.js';
import {
  inferMarkerKind,
  type Marker,
  type MarkerKind,
  type MarkerRule,
  NO_MARKER,
} from '../mapping/marker-kind.js';
import { beginSnapshot, createPostgresClient, readTypes } from './postgres-connection.js';
import {
  markerKindOf,
  type SourceChunk,
  SourceError,
  type SourceQuery,
  type SourceReading,
} from './source.js';
import { quoteIdentifier } from './sql-identifier.js';
import { highestOf, readWatermark } from './watermark.js';

/** How many rows are fetched at once, and are in memory. Each fetch waits for the server once. */
const FETCH_ROWS = 500;

const DAY_MS = 86_400_000;

const COUNT_TIMEOUT_MS = 1_000;
const UNCOUNTABLE = Number.POSITIVE_INFINITY;

/** Temporary errors, by the first characters of SQLSTATE: connections, resources, operators, conflicts. */
const TRANSIENT_STATES = ['08', '40', '53', '57'];
const TRANSIENT_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN']);

/**
 * Begin to read the current state of a PostgreSQL table, in one read-only transaction with one snapshot.
 *
 * Markers are exchanged as PostgreSQL's own text, so that no digit of a timestamp is lost. Rows come unordered, so
 * that PostgreSQL sorts nothing. With an index on the change marker, a run's cost depends on what has changed.
 *
 * @throws {SourceError} with the variable's name, and never with the connection string
 */
export async function openPostgresTable(
  source: PostgresTable,
  query: SourceQuery,
): Promise<SourceReading> {
  const name = `PostgreSQL table ${tableOf(source)} (${source.variable})`;
  const client = createPostgresClient(source, name);
  const leave = () => void client.end().catch(() => {});
  // The server may end a connection at any time; the next read reports it.
  client.on('error', () => {});
  query.signal.addEventListener('abort', leave, { once: true });
  async function close(): Promise<void> {
    query.signal.removeEventListener('abort', leave);
    await client.end().catch(() => {});
  }
  try {
    await orSourceError(name, client.connect());
    await orSourceError(name, beginSnapshot(client));
    const types = await orSourceError(name, readTypes(client));
    const column = await orSourceError(name, markerColumnOf(client, source, query));
    const marker = markerKindOf({ ...query, changedAs: column.rule ?? undefined }, column.values);
    const since = sinceOf(query, marker, column);
    const scan = { source, query, column, since, types };
    const highest = await orSourceError(name, highestMarkerOf(client, scan, marker));
    const size = query.markerIndex === null ? null : await rowCountOf(client, source, query);
    return {
      highest,
      size,
      marker,
      incomplete: [],
      chunks: readChunks(client, scan, name),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The change marker's column in the database. */
interface MarkerColumn {
  /** How its values compare in the database, if it agrees with this code; null if it does not. */
  readonly order: 'numbers' | 'times' | null;
  readonly rule: Required<MarkerRule> | null;
  /** The first of them. */
  readonly values: readonly unknown[];
}

interface Scan {
  readonly source: PostgresTable;
  readonly query: SourceQuery;
  readonly column: MarkerColumn;
  readonly types: CustomTypesConfig;
  /** Null: the whole table is read. */
  readonly since: string | null;
}

const NUMBERS = new Set(['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision']);
const TIMES = new Set(['date', 'timestamp without time zone', 'timestamp with time zone']);

/** A higher value does not count anything: infinity and NaN are among them. `real` can represent this one. */
const HIGHEST_NUMBER = '1e38';

async function markerColumnOf(
  client: Client,
  source: PostgresTable,
  { columns, markerIndex, changedAs, watermark }: SourceQuery,
): Promise<MarkerColumn> {
  if (markerIndex === null) return { order: null, rule: null, values: [] };
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  const { rows } = await client.query<{ type: string; value: string }>(
    `SELECT pg_typeof(${marker})::text AS type, ${marker}::text AS value
     FROM ${tableOf(source)} WHERE ${marker} IS NOT NULL LIMIT 100`,
  );
  const type = rows[0]?.type ?? '';
  const values = rows.map(({ value }) => value);
  if (TIMES.has(type)) return { order: 'times', rule: { as: 'date-time', format: 'iso' }, values };
  const rule = changedAs ?? inferMarkerKind(values, watermark?.marker ?? null);
  const isNumber = NUMBERS.has(type) && rule?.as === 'number';
  return { order: isNumber ? 'numbers' : null, rule, values };
}

function sinceOf(query: SourceQuery, kind: MarkerKind, { order }: MarkerColumn): string | null {
  const since = readWatermark(query.watermark, kind)?.since;
  if (since === undefined || since === NO_MARKER || order === null) return null;
  if (typeof since === 'string') return since;
  // Beyond 2^53 it is rounded, so a slightly lower value may be new.
  if (Number.isSafeInteger(since)) return String(since);
  return BigInt(Math.floor(since - Math.abs(since) * 2 ** -51)).toString();
}

async function highestMarkerOf(
  client: Client,
  { source, query, column, since }: Scan,
  kind: MarkerKind,
): Promise<Marker | null> {
  const { columns, markerIndex, now } = query;
  if (markerIndex === null) return null;
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  const table = tableOf(source);
  if (column.order !== null) {
    const most = column.order === 'numbers' ? HIGHEST_NUMBER : new Date(now + DAY_MS).toISOString();
    const isWhole =
      column.order === 'numbers' && column.values.every((v) => /^-?\d+$/.test(String(v)));
    const [where, values] = isWhole ? ['TRUE', []] : [`${marker} <= $1`, [most]];
    const from = since === null ? '' : ` AND ${marker} >= $${values.length + 1}`;
    const { rows } = await client.query<{ highest: string | null }>(
      `SELECT max(${marker})::text AS highest FROM ${table} WHERE ${where}${from}`,
      since === null ? values : [...values, since],
    );
    return kind.read(rows[0]?.highest ?? null);
  }
  let highest: Marker | null = null;
  const cursor = client.query(
    new Cursor<string[]>(`SELECT ${marker}::text FROM ${table}`, [], { rowMode: 'array' }),
  );
  for (;;) {
    const rows = await cursor.read(FETCH_ROWS);
    if (rows.length === 0) return highest;
    for (const [value] of rows) highest = highestOf(kind.read(value), highest);
  }
}

/**
 * Infinity for a table that can't be counted in a second, which is tried only once: no run is to cost more than what
 * has changed.
 */
async function rowCountOf(
  client: Client,
  source: PostgresTable,
  { watermark }: SourceQuery,
): Promise<number> {
  if (watermark?.had.tableSize === UNCOUNTABLE) return UNCOUNTABLE;
  try {
    await client.query(`SAVEPOINT counting; SET LOCAL statement_timeout = ${COUNT_TIMEOUT_MS}`);
    const text = `SELECT count(*)::float8 AS count FROM ${tableOf(source)}`;
    const { rows } = await client.query<{ count: number }>(text);
    return rows[0]?.count ?? UNCOUNTABLE;
  } catch {
    // If the connection is gone, the next statement says so.
    return UNCOUNTABLE;
  } finally {
    await client.query('ROLLBACK TO SAVEPOINT counting').catch(() => {});
  }
}

async function* readChunks(client: Client, scan: Scan, name: string): AsyncGenerator<SourceChunk> {
  for (const { text, values } of statementsOf(scan)) {
    const cursor = client.query(
      new Cursor<unknown[]>(text, values, { rowMode: 'array', types: scan.types }),
    );
    for (let next = cursor.read(FETCH_ROWS); ; ) {
      const rows = await orSourceError(name, next);
      if (rows.length === 0) break;
      // The server works on these while the others are sent on.
      next = cursor.read(FETCH_ROWS);
      next.catch(() => {});
      yield { file: null, rows, lines: null, broken: [] };
    }
  }
}

/** Rows without a marker are read in every run, by a separate statement, so that an index serves each statement. */
function statementsOf({
  source,
  query: { columns, markerIndex },
  since,
}: Scan): readonly { readonly text: string; readonly values: unknown[] }[] {
  const selected = columns.map((column, index) =>
    index === markerIndex ? `${quoteIdentifier(column)}::text` : quoteIdentifier(column),
  );
  const select = `SELECT ${selected.join(', ')} FROM ${tableOf(source)}`;
  if (markerIndex === null || since === null) return [{ text: select, values: [] }];
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  return [
    { text: `${select} WHERE ${marker} IS NULL`, values: [] },
    { text: `${select} WHERE ${marker} >= $1`, values: [since] },
  ];
}

function tableOf({ schema, table }: PostgresTable): string {
  const name = quoteIdentifier(table);
  return schema === undefined ? name : `${quoteIdentifier(schema)}.${name}`;
}

async function orSourceError<T>(name: string, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    const { message, code = '' } = error as Error & { code?: string };
    const isTransient =
      TRANSIENT_CODES.has(code) ||
      TRANSIENT_STATES.some((state) => code.length === 5 && code.startsWith(state)) ||
      /terminated|timeout/i.test(message);
    throw new SourceError(`${name}: ${message || code}`, isTransient, { cause: error });
  }
}
