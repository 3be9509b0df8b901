import { DatabaseSync } from 'node:sqlite';
import type { Mapping } from '../../src/campaign/mapping/mapping.js';

/** The columns of the table, in their order. */
export const COLUMNS = [
  'id',
  'email',
  'first_name',
  'last_name',
  'birth_date',
  'city',
  'country',
  'tier',
  'points',
  'joined_at',
  'newsletter',
  'changed_at',
] as const;

/** The table, for both databases. */
export const CREATE = `CREATE TABLE people (
  id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, birth_date TEXT, city TEXT,
  country TEXT, tier TEXT, points INTEGER, joined_at TEXT, newsletter INTEGER, changed_at TEXT
)`;

export const INDEX = 'CREATE INDEX people_changed_at ON people (changed_at, id)';

/** Changes the first people, this many. */
export const CHANGE = `UPDATE people SET points = 0, changed_at = '2030' WHERE id <= ?`;

/** Fill a SQLite file with this many people. */
export function createPeopleTable(path: string, rows: number): void {
  using database = new DatabaseSync(path);
  database.exec(`${CREATE}; BEGIN`);
  const insert = database.prepare(
    `INSERT INTO people VALUES (${COLUMNS.map(() => '?').join(', ')})`,
  );
  for (let id = 1; id <= rows; id += 1) insert.run(...personOf(id));
  database.exec(`COMMIT; ${INDEX}`);
}

/** Change this many people, after all earlier changes. */
export function changePeople(path: string, rows: number): void {
  using database = new DatabaseSync(path);
  database.prepare(CHANGE).run(rows);
}

/** A person, the same each time. */
export function personOf(id: number) {
  const day = String((id % 28) + 1).padStart(2, '0');
  const instant = new Date(Date.UTC(2024, 0, 1) + id * 250).toISOString();
  return [
    id,
    `customer.${id}@example.com`,
    id % 3 === 0 ? 'Łucja' : 'Quinn',
    `Nuñez-${id % 1_000}`,
    `19${(id % 60) + 30}-0${(id % 9) + 1}-${day}`,
    id % 5 === 0 ? null : 'Malmö',
    'SE',
    'gold',
    id % 20_000,
    instant,
    id % 2,
    instant,
  ];
}

/** Whether a place is the URL of a PostgreSQL database, and not the path of a SQLite file. */
export function isPostgres(place: string): boolean {
  return place.startsWith('postgres://');
}

/** Whether a place is the path of a CSV file. */
export function isCsv(place: string): boolean {
  return place.endsWith('.csv');
}

function sourceAt(place: string): Mapping['source'] {
  if (isCsv(place)) return { kind: 'csv', path: place };
  if (!isPostgres(place)) return { kind: 'sqlite', path: place, table: 'people' };
  return { kind: 'postgres', variable: 'DATABASE', connectionString: () => place, table: 'people' };
}

/** The mapping of the table in a CSV file, a SQLite file, or in a PostgreSQL database. */
export function peopleMapping(place: string): Mapping {
  return {
    id: 'people',
    label: 'People',
    publication: 'published',
    execution: 'stopped',
    everyMs: null,
    source: sourceAt(place),
    key: 'id',
    changed: 'changed_at',
    dataset: '6563a1f0c4d2e8b79a015e01',
    recordsPerSecond: null,
    maxRejected: { kind: 'records', max: 0 },
    fields: [
      { column: 'id', to: '_id', as: 'string', required: true },
      { column: 'email', to: 'identityMap.Email', required: true },
      { column: 'email', to: 'personalEmail.address' },
      { column: 'first_name', to: 'person.name.firstName' },
      { column: 'last_name', to: 'person.name.lastName' },
      { column: 'birth_date', to: 'person.birthDate', as: 'date' },
      { column: 'city', to: 'homeAddress.city' },
      { column: 'country', to: 'homeAddress.countryCode', pattern: '^[A-Z]{2}$' },
      { column: 'tier', to: 'loyalty.tier', enum: ['bronze', 'silver', 'gold', 'platinum'] },
      { column: 'points', to: 'loyalty.points', as: 'number' },
      { column: 'joined_at', to: 'loyalty.joinDate', as: 'date-time' },
      { column: 'newsletter', to: '_acme.newsletter', as: 'boolean' },
    ],
  };
}

/** A row mapped by hand as {@link peopleMapping} says. */
export function toPerson(row: Record<string, unknown>): object {
  return {
    _id: String(row.id),
    identityMap: { Email: [{ id: row.email, primary: true }] },
    personalEmail: { address: row.email },
    person: {
      name: { firstName: row.first_name, lastName: row.last_name },
      birthDate: row.birth_date,
    },
    homeAddress:
      row.city === null || row.city === ''
        ? { countryCode: row.country }
        : { city: row.city, countryCode: row.country },
    loyalty: { tier: row.tier, points: Number(row.points), joinDate: row.joined_at },
    _acme: { newsletter: Number(row.newsletter) === 1 },
  };
}
