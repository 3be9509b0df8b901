import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { SqliteThread } from './sqlite.thread.js';

/** Kysely's dialect for a database that a separate thread has open. */
export function createSqliteDialect(thread: SqliteThread): Dialect {
  return {
    createAdapter: () => new TransactionalDdlAdapter(),
    createDriver: () => createDriver(thread),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** SQLite can create tables in transactions, so that a migration is applied completely or not at all. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function createDriver(thread: SqliteThread): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows, changes } = await thread.execute(sql, parameters);
      return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
    },
    streamQuery() {
      throw new Error('Streaming is not supported: rows are read in pages.');
    },
  };
  /** There is one connection: each borrower waits for all earlier ones. */
  let lastTurn: Promise<void> = Promise.resolve();
  let endTurn = () => {};
  const run = (statement: string) => connection.executeQuery(CompiledQuery.raw(statement));

  return {
    async init() {},
    async acquireConnection() {
      const before = lastTurn;
      const { promise, resolve } = Promise.withResolvers<void>();
      lastTurn = promise;
      await before;
      endTurn = resolve;
      return connection;
    },
    async releaseConnection() {
      endTurn();
    },
    async beginTransaction() {
      await run('BEGIN IMMEDIATE');
    },
    async commitTransaction() {
      await run('COMMIT');
    },
    async rollbackTransaction() {
      // On a full disk SQLite rolls back on its own; then there is nothing left to do.
      await run('ROLLBACK').catch((error: unknown) => {
        if (!/no transaction is active/.test((error as Error).message)) throw error;
      });
    },
    async destroy() {
      await lastTurn;
      await thread.close();
    },
  };
}
