import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { SqliteAnswer, SqliteOrder, SqliteWorkerData } from './sqlite.protocol.js';

/**
 * The thread that has the database open. SQLite blocks its thread for each fsync; here it blocks nobody
 * who is waiting for something else.
 */
const { path } = workerData as SqliteWorkerData;

/** Statements that were run before are not compiled again; more than any gateway has different ones. */
const MAX_STATEMENTS = 200;

/** @see https://sqlite.org/rescode.html#corrupt */
const SQLITE_CORRUPT = 11;

function open(): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  // One process at a time. Before the journal mode, so that the lock is taken with the first access.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('PRAGMA journal_mode = WAL');
  // A commit returns when it is on the disk, and not before.
  database.exec('PRAGMA synchronous = FULL');
  // Where the system's own way to wait for the disk does not wait for it (macOS), another one does.
  database.exec('PRAGMA fullfsync = ON');
  database.exec('PRAGMA foreign_keys = ON');
  database.exec('PRAGMA ignore_check_constraints = OFF');
  // A fault of the disk under memory that is mapped to a file would end the process without a word.
  database.exec('PRAGMA mmap_size = 0');
  // What is sorted would else go to a folder for temporary files, which a container may not have.
  database.exec('PRAGMA temp_store = MEMORY');
  database.exec('BEGIN IMMEDIATE; COMMIT');
  return database;
}

function answer(message: SqliteAnswer): void {
  parentPort?.postMessage(message);
}

function toFault(error: unknown): { message: string; errorCode: number | null } {
  const { message, code, errcode } = error as { message?: string; code?: string; errcode?: number };
  // A number that JavaScript cannot hold: nobody has written one, so this is not what was written.
  const errorCode = code === 'ERR_OUT_OF_RANGE' ? SQLITE_CORRUPT : (errcode ?? null);
  return { message: message ?? String(error), errorCode };
}

function serve(database: DatabaseSync): void {
  const statements = new Map<string, StatementSync>();

  function prepare(sql: string): StatementSync {
    const prepared = statements.get(sql) ?? database.prepare(sql);
    statements.delete(sql);
    statements.set(sql, prepared);
    const [oldest] = statements.keys();
    if (statements.size > MAX_STATEMENTS && oldest !== undefined) statements.delete(oldest);
    return prepared;
  }

  parentPort?.on('message', (order: SqliteOrder) => {
    if (order.kind === 'close') {
      database.close();
      answer({ kind: 'closed' });
      parentPort?.close();
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
      answer({ kind: 'failed', id, ...toFault(error) });
    }
  });
}

try {
  serve(open());
  answer({ kind: 'opened' });
} catch (error) {
  answer({ kind: 'notOpened', ...toFault(error) });
  parentPort?.close();
}
