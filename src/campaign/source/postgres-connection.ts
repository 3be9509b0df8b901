import { Client, type CustomTypesConfig, types } from 'pg';
import type { PostgresTable } from '../mapping/mapping.js';
import { SourceError } from './source.js';

const CONNECT_TIMEOUT_MS = 10_000;

const { builtins } = types;
/** Kept as PostgreSQL writes them: a `Date` has no microseconds, and no day without a time zone. */
const AS_TEXT = new Set<number>([
  builtins.DATE,
  builtins.TIMESTAMP,
  builtins.TIMESTAMPTZ,
  builtins.TIME,
  builtins.TIMETZ,
  builtins.INTERVAL,
]);

/** Lists whose items JavaScript can represent without loss: booleans, small integers and floats. */
const PLAIN_LISTS = new Set<number>([1000, 1005, 1007, 1021, 1022]);
const JSON_LISTS = new Set<number>([199, 3807]);
const TEXTS = 1009;

/** `json` and `jsonb`; a number that a double would round keeps its digits. */
const JSONS = new Set<number>([builtins.JSON, builtins.JSONB]);

interface RawJson {
  rawJSON(text: string): unknown;
  parse(
    text: string,
    revive: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
}

function parseJson(text: string): unknown {
  // Not every double can represent sixteen digits.
  if (!/\d[\d.]{15}/.test(text)) return JSON.parse(text);
  const json = JSON as unknown as RawJson;
  return json.parse(text, (_key, value, { source = '' }) =>
    typeof value === 'number' && String(value) !== source ? json.rawJSON(source) : value,
  );
}

/**
 * Find out how to parse values: as JavaScript values if that is lossless, else as text. Lists include those of the
 * database's own types.
 */
export async function readTypes(client: Client): Promise<CustomTypesConfig> {
  const { rows } = await client.query<{ oid: number }>(
    `SELECT oid FROM pg_catalog.pg_type WHERE typcategory = 'A' AND typelem <> 0 AND typdelim = ','`,
  );
  const lists = new Set(rows.map(({ oid }) => oid));
  const parseTexts = types.getTypeParser(TEXTS as never) as (text: string) => readonly unknown[];
  const parseJsons = (text: string) =>
    parseTexts(text).map((item) => (typeof item === 'string' ? parseJson(item) : item));
  return {
    getTypeParser: ((oid: number, format?: 'text') => {
      if (AS_TEXT.has(oid)) return (text: string) => text;
      if (JSONS.has(oid)) return parseJson;
      if (JSON_LISTS.has(oid)) return parseJsons;
      if (lists.has(oid) && !PLAIN_LISTS.has(oid)) return parseTexts;
      return types.getTypeParser(oid, format);
    }) as never,
  };
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
