import { Client, type CustomTypesConfig, types } from 'pg';
import type { PostgresTable } from '../mapping/mapping.js';
import { parseJson } from './json-digits.js';
import { SourceError } from './source.js';

const CONNECT_TIMEOUT_MS = 10_000;

const { builtins } = types;
/** What JavaScript can represent without loss. Everything else stays as PostgreSQL writes it. */
const PLAIN = new Set<number>([
  builtins.BOOL,
  builtins.INT2,
  builtins.INT4,
  builtins.OID,
  builtins.FLOAT4,
  builtins.FLOAT8,
]);
const JSONS = new Set<number>([builtins.JSON, builtins.JSONB]);
const TEXTS = 1009;

/** Converts PostgreSQL's text of a value. */
type ValueReader = (text: string) => unknown;

/**
 * Find out how to parse values: as JavaScript values if that is lossless, else as text. Lists include those of the
 * database's own types.
 */
export async function readTypes(client: Client): Promise<CustomTypesConfig> {
  const { rows } = await client.query<{ oid: number; item: number }>(
    `SELECT list.oid, coalesce(nullif(item.typbasetype, 0), item.oid) AS item
     FROM pg_catalog.pg_type AS list JOIN pg_catalog.pg_type AS item ON item.oid = list.typelem
     WHERE list.typinput = 'pg_catalog.array_in'::regproc AND list.typdelim = ','`,
  );
  const items = new Map(rows.map(({ oid, item }) => [oid, item]));
  return {
    getTypeParser: ((oid: number) => {
      const item = items.get(oid);
      return item === undefined ? readerOf(oid) : listReader(readerOf(item));
    }) as never,
  };
}

function readerOf(oid: number): ValueReader {
  if (PLAIN.has(oid)) return types.getTypeParser(oid);
  if (JSONS.has(oid)) return readJson;
  return String;
}

function listReader(read: ValueReader): ValueReader {
  const parseTexts: ValueReader = types.getTypeParser(TEXTS as never);
  const toItem = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(toItem);
    if (typeof item !== 'string') return item;
    const value = read(item);
    // JSON has no NaN, and would write null.
    return typeof value === 'number' && !Number.isFinite(value) ? item : value;
  };
  return (text) => toItem(parseTexts(text));
}

interface RawJson {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

/** A number that a double would round keeps its digits; one that is a whole value is text, like other long numbers. */
function readJson(text: string): unknown {
  const json = JSON as unknown as RawJson;
  const value = parseJson(text, (source) => json.rawJSON(source));
  return json.isRawJSON(value) ? text : value;
}

/**
 * Create a client that is not connected yet.
 *
 * @throws {SourceError} the connection string is not valid; the message does not contain it
 */
export function createPostgresClient(
  { connectionString, variable }: PostgresTable,
  name: string,
): Client {
  try {
    return new Client({
      connectionString: connectionString(),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'sluice',
    });
  } catch {
    // The parser's error and its cause contain the string.
    throw new SourceError(`${name}: ${variable} is not a connection string`, false);
  }
}

/** The settings that a run relies on, whatever the server, the database or the role has set. */
const SETTINGS = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  // Every digit of a float.
  extra_float_digits: '1',
  // Rows are read as fast as they are sent on, which may take any time.
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  transaction_timeout: '0',
};

/** Begin a transaction with one snapshot, and values as text in one form. */
export async function beginSnapshot(client: Client): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  // Only newer servers have all of them.
  await client.query(
    `SELECT set_config(name, wanted.value, true) FROM jsonb_each_text($1) AS wanted (name, value)
     JOIN pg_catalog.pg_settings USING (name)`,
    [JSON.stringify(SETTINGS)],
  );
}
