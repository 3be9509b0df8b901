import { Client, type CustomTypesConfig, types } from 'pg';
import type { PostgresTable } from '../mapping.js';
import { SourceError } from './source.js';

const CONNECT_TIMEOUT_MS = 10_000;

const { builtins } = types;
/** Left as PostgreSQL writes them: a `Date` has no microseconds, and no day without a time zone. */
const AS_TEXT = new Set<number>([
  builtins.DATE,
  builtins.TIMESTAMP,
  builtins.TIMESTAMPTZ,
  builtins.TIME,
  builtins.TIMETZ,
  builtins.INTERVAL,
]);

/** How values arrive: in what JavaScript has for them without loss, else as text. */
export const textTypes: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    AS_TEXT.has(oid) ? (text: string) => text : types.getTypeParser(oid, format)) as never,
};

/**
 * Build a client; it is not connected yet.
 *
 * @throws {SourceError} the string is none; it is not in the message
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
    // What the parser says, and carries as its cause, holds the string.
    throw new SourceError(`${name}: ${variable} is not a connection string`, false);
  }
}

/** Begin a transaction that sees one state, with instants as text in one form, whatever the server is set to. */
export async function beginSnapshot(client: Client): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query("SET LOCAL TIME ZONE 'UTC'");
  await client.query("SET LOCAL datestyle = 'ISO, YMD'");
}
