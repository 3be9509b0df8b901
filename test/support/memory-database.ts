import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Migrator } from 'kysely';
import { createLogKysely, type LogDatabase } from '../../src/datasources/log/log-database.js';
import { createMigrations } from '../../src/datasources/log/log-migrations.js';
import { createSqliteDialect } from '../../src/datasources/log/sqlite/sqlite.dialect.js';

/** {@link openMemoryDatabase} */
export interface MemoryDatabase extends LogDatabase {
  /** The texts of all statements so far. */
  readonly statements: ReadonlySet<string>;
}

/**
 * A log’s database in memory and in this thread: what is asked of it is answered before the event loop turns, so
 * that tests can drive time.
 */
export async function openMemoryDatabase(): Promise<MemoryDatabase> {
  const database = new DatabaseSync(':memory:');
  // Tests repeat few statements many times, and preparing one takes longer than running it.
  const prepared = new Map<string, StatementSync>();
  const db = createLogKysely(
    createSqliteDialect({
      async execute(sql, parameters) {
        const statement = prepared.get(sql) ?? database.prepare(sql);
        prepared.set(sql, statement);
        const values = parameters as SQLInputValue[];
        if (statement.columns().length > 0) return { rows: statement.all(...values), changes: 0 };
        return { rows: [], changes: Number(statement.run(...values).changes) };
      },
      async close() {
        database.close();
      },
    }),
  );
  const provider = { getMigrations: async () => createMigrations('sqlite') };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error) throw error;
  return {
    kind: 'sqlite',
    name: 'memory',
    howToReplace: '',
    db,
    cursorKey: Buffer.alloc(32),
    guard: (run) => run(),
    commit: async (write) => (await db.transaction().execute(write)).value,
    onGrown() {},
    get statements() {
      return new Set(prepared.keys());
    },
    close: () => db.destroy(),
  };
}
