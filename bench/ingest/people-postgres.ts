import { Client } from 'pg';
import Cursor from 'pg-cursor';
import { CHANGE, COLUMNS, CREATE, INDEX, personOf } from './people-table.js';

/** How many rows to send to the server, or fetch from it, at once. */
const ROWS_AT_ONCE = 1_000;

/** Fill a PostgreSQL table with this many people, the same as in SQLite. */
export async function createPostgresPeople(url: string, rows: number): Promise<void> {
  await using database = await connect(url);
  await database.query(CREATE);
  const casts = COLUMNS.map((_, index) => `$${index + 1}::text[]`);
  const insert = `INSERT INTO people SELECT r.id::int, email, first_name, last_name, birth_date, city, country, tier,
    points::int, joined_at, newsletter::int, changed_at FROM unnest(${casts}) AS r (${COLUMNS})`;
  for (let first = 1; first <= rows; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - first + 1);
    const people = Array.from({ length: count }, (_, index) => personOf(first + index));
    const columns = COLUMNS.map((_, column) => people.map((person) => person[column] ?? null));
    await database.query(insert, columns);
  }
  await database.query(INDEX);
  await database.query('ANALYZE people');
}

/** Change this many people, after all earlier changes. */
export async function changePostgresPeople(url: string, rows: number): Promise<void> {
  await using database = await connect(url);
  await database.query(CHANGE.replace('?', '$1'), [rows]);
}

/** All people, some at a time, from a cursor. */
export async function* readPostgresPeople(url: string): AsyncGenerator<Record<string, unknown>[]> {
  await using database = await connect(url);
  const cursor = database.query(
    new Cursor<Record<string, unknown>>(`SELECT ${COLUMNS} FROM people`),
  );
  for (;;) {
    const rows = await cursor.read(ROWS_AT_ONCE);
    if (rows.length === 0) return;
    yield rows;
  }
}

async function connect(url: string): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
