import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { MappingSource } from '../../../src/campaign/mapping/mapping.js';
import { createTestDatabase, execute } from '../../support/postgres.js';
import { createRunHarness } from './run-harness.js';

/** A table with an odd name, in a database of its own. */
export interface TestTable extends AsyncDisposable {
  readonly source: MappingSource;
  execute(sql: string): Promise<void>;
}

/** In a SQLite file. */
export async function createSqliteTable(): Promise<TestTable> {
  const harness = await createRunHarness();
  const path = join(harness.dir, 'crm.db');
  const database = new DatabaseSync(path);
  return {
    source: { kind: 'sqlite', path, table: 'Odd "name"' },
    execute: async (sql) => database.exec(sql),
    async [Symbol.asyncDispose]() {
      database.close();
      await harness[Symbol.asyncDispose]();
    },
  };
}

/** In PostgreSQL. */
export async function createPostgresTable(): Promise<TestTable> {
  const database = await createTestDatabase();
  return {
    source: postgresSource(database.url, 'Odd "name"'),
    execute: (sql) => execute(database.url, sql),
    [Symbol.asyncDispose]: () => database.drop(),
  };
}

/** A table of the PostgreSQL database at this URL. */
export function postgresSource(url: string, table: string): MappingSource {
  return { kind: 'postgres', variable: 'CRM_DATABASE_URL', connectionString: () => url, table };
}
