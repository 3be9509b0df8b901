import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { SqliteAnswer, SqliteOpening, SqliteOrder } from './sqlite.protocol.js';

/*
 * The thread that has databases open. SQLite blocks its thread during each fsync; here it blocks no other work.
 */

/** How many compiled statements to keep; more than any gateway uses. */
const MAX_STATEMENTS = 200;

/** @see https://sqlite.org/rescode.html#corrupt */
const SQLITE_CORRUPT = 11;

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    setUp(database);
    return database;
  } catch (error) {
    // Otherwise this process would keep the file locked, because the thread continues.
    database.close();
    throw error;
  }
}

function setUp(database: DatabaseSync): void {
  // One process at a time. Set before the journal mode, so that the first access takes the lock.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('PRAGMA journal_mode = WAL');
  // A commit returns only when it is on disk.
  database.exec('PRAGMA synchronous = FULL');
  // For systems whose default fsync does not wait for the disk (macOS).
  database.exec('PRAGMA fullfsync = ON');
  database.exec('PRAGMA foreign_keys = ON');
  database.exec('PRAGMA ignore_check_constraints = OFF');
  // With memory-mapped files, a disk error would kill the process silently.
  database.exec('PRAGMA mmap_size = 0');
  // Otherwise sorting would use a folder for temporary files, which a container may not have.
  database.exec('PRAGMA temp_store = MEMORY');
  database.exec('BEGIN IMMEDIATE; COMMIT');
}

function toFailure(error: unknown): { message: string; errorCode: number | null } {
  const { message, code, errcode } = error as { message?: string; code?: string; errcode?: number };
  // A number that JavaScript can't hold. Nobody wrote one, so this is not what was written.
  const errorCode = code === 'ERR_OUT_OF_RANGE' ? SQLITE_CORRUPT : (errcode ?? null);
  return { message: message ?? String(error), errorCode };
}

function serve(database: DatabaseSync, port: MessagePort): void {
  const answer = (message: SqliteAnswer) => port.postMessage(message);
  const statements = new Map<string, StatementSync>();

  function prepare(sql: string): StatementSync {
    const prepared = statements.get(sql) ?? database.prepare(sql);
    statements.delete(sql);
    statements.set(sql, prepared);
    const [oldest] = statements.keys();
    if (statements.size > MAX_STATEMENTS && oldest !== undefined) statements.delete(oldest);
    return prepared;
  }

  port.on('message', (order: SqliteOrder) => {
    if (order.kind === 'close') {
      database.close();
      port.close();
      return;
    }
    const { id, sql, parameters } = order;
    try {
      const statement = prepare(sql);
      const isReader = statement.columns().length > 0;
      const values = parameters as SQLInputValue[];
      if (isReader) answer({ kind: 'rows', id, rows: statement.all(...values), changes: 0 });
      else
        answer({ kind: 'rows', id, rows: [], changes: Number(statement.run(...values).changes) });
    } catch (error) {
      answer({ kind: 'failed', id, ...toFailure(error) });
    }
  });
}

parentPort?.on('message', ({ path, port }: SqliteOpening) => {
  try {
    serve(open(path), port);
    port.postMessage({ kind: 'opened' } satisfies SqliteAnswer);
  } catch (error) {
    port.postMessage({ kind: 'notOpened', ...toFailure(error) } satisfies SqliteAnswer);
    port.close();
  }
});
