import type { Client } from 'pg';
import Cursor from 'pg-cursor';
import type { PostgresTable } from '../mapping.js';
import { beginSnapshot, createPostgresClient, textTypes } from './postgres-connection.js';
import {
  type SourceChunk,
  SourceError,
  type SourceQuery,
  type SourceReading,
  toTableMarker,
} from './source.js';
import { quoteIdentifier } from './sql-identifier.js';

/** How many rows are fetched at once, and are in memory: each fetch waits for the server once. */
const FETCH_ROWS = 500;

/** What passes, by the first characters of SQLSTATE: connections, resources, operators, conflicts. */
const PASSING_STATES = ['08', '40', '53', '57'];
const PASSING_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN']);

/**
 * Begin to read a PostgreSQL table, as it stands now: one read-only transaction sees one state of it.
 *
 * The marker goes to and fro as PostgreSQL's own text, so that no digit of a timestamp is lost. Rows come in
 * no order, so that PostgreSQL sorts nothing; an index on the change marker makes a run cost what has changed.
 *
 * @throws {SourceError} whose message has the variable's name and never the connection string
 */
export async function openPostgresTable(
  source: PostgresTable,
  query: SourceQuery,
): Promise<SourceReading> {
  const name = `PostgreSQL table ${tableOf(source)} (${source.variable})`;
  const client = createPostgresClient(source, name);
  const leave = () => void client.end().catch(() => {});
  // The server may end a connection at any time; whoever reads next is told.
  client.on('error', () => {});
  query.signal.addEventListener('abort', leave, { once: true });
  async function close(): Promise<void> {
    query.signal.removeEventListener('abort', leave);
    await client.end().catch(() => {});
  }
  try {
    await orSourceError(name, client.connect());
    await orSourceError(name, beginSnapshot(client));
    const highest = await orSourceError(name, highestMarkerOf(client, source, query));
    return {
      order: { kind: 'known', highest },
      toMarker: toTableMarker,
      chunks: readChunks(client, source, query, name),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function highestMarkerOf(
  client: Client,
  source: PostgresTable,
  { columns, markerIndex, watermark }: SourceQuery,
): Promise<string | null> {
  if (markerIndex === null) return null;
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  const since = watermark === null ? '' : ` WHERE ${marker} >= $1`;
  const { rows } = await client.query<{ highest: string | null }>(
    `SELECT max(${marker})::text AS highest FROM ${tableOf(source)}${since}`,
    watermark === null ? [] : [watermark.marker],
  );
  return rows[0]?.highest ?? null;
}

async function* readChunks(
  client: Client,
  source: PostgresTable,
  query: SourceQuery,
  name: string,
): AsyncGenerator<SourceChunk> {
  for (const { text, values } of statementsOf(source, query)) {
    const cursor = client.query(
      new Cursor<unknown[]>(text, values, { rowMode: 'array', types: textTypes }),
    );
    for (;;) {
      const rows = await orSourceError(name, cursor.read(FETCH_ROWS));
      if (rows.length === 0) break;
      yield { rows, lines: null, broken: [] };
    }
  }
}

/** Rows without a marker come with every run, apart, so that each statement is one that an index serves. */
function statementsOf(
  source: PostgresTable,
  { columns, markerIndex, watermark }: SourceQuery,
): readonly { readonly text: string; readonly values: unknown[] }[] {
  const selected = columns.map((column, index) =>
    index === markerIndex ? `${quoteIdentifier(column)}::text` : quoteIdentifier(column),
  );
  const select = `SELECT ${selected.join(', ')} FROM ${tableOf(source)}`;
  if (markerIndex === null || watermark === null) return [{ text: select, values: [] }];
  const marker = quoteIdentifier(columns[markerIndex] ?? '');
  return [
    { text: `${select} WHERE ${marker} IS NULL`, values: [] },
    { text: `${select} WHERE ${marker} >= $1`, values: [watermark.marker] },
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
    const isPassing =
      PASSING_CODES.has(code) ||
      PASSING_STATES.some((state) => code.length === 5 && code.startsWith(state)) ||
      /terminated|timeout/i.test(message);
    throw new SourceError(`${name}: ${message || code}`, isPassing, { cause: error });
  }
}
