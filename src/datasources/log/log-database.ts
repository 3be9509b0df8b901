import {
  type Dialect,
  HandleEmptyInListsPlugin,
  Kysely,
  replaceWithNoncontingentExpression,
  sql,
  type Transaction,
} from 'kysely';
import type { Position } from '../../ingestion/transition.js';
import type { LogTables } from './ingestion-log.schema.js';

/** The log can't be used as it is. The message says in one line what to do. */
export class LogUnusableError extends Error {
  override readonly name = 'LogUnusableError';
}

/** The result of a transaction, and what it did to the log. */
export interface WriteResult<T> {
  readonly value: T;
  /** Whether it changed anything. Only then does the commit count. */
  readonly hasChanged: boolean;
  /** The new end of the log, if it has grown. */
  readonly head?: Position;
}

/**
 * The database of the transition log and the start log: a SQLite file, or a PostgreSQL database that other processes
 * have open as well.
 */
export interface LogDatabase {
  readonly kind: LogDatabaseKind;
  /** The name to show to people, at the beginning of a sentence; no credentials. */
  readonly name: string;
  /** A sentence that says how to use another one instead. */
  readonly howToReplace: string;
  readonly db: Kysely<LogTables>;
  /** The key of cursors. */
  readonly cursorKey: Buffer;
  /**
   * Run something on the database, and convert its errors. An error that makes the log unreliable ends the process.
   *
   * @throws {LogUnavailableError} nothing was written
   * @throws {ShuttingDownError} the same: it is closed, or about to be closed
   * @throws {LogDamagedError}
   */
  guard<T>(run: () => Promise<T>): Promise<T>;
  /**
   * Write in one transaction, guarded. When this resolves, the commit is on disk. Every change of the logs goes
   * through here: one transaction at a time, across all processes, so that each sees what its predecessors left, and
   * positions are committed in the order in which they are assigned.
   *
   * @param write - may be called again if its transaction failed without effect
   * @see docs/adr/0013-one-writer-at-a-time.md
   */
  commit<T>(write: (transaction: Transaction<LogTables>) => Promise<WriteResult<T>>): Promise<T>;
  /**
   * Call `listener` when the log may have grown, by this or another process, with its new end if known. This is only
   * a hint: it may come late, twice, or for nothing.
   */
  onGrown(listener: (head: Position | null) => void): void;
  /** Call this once nobody uses it any more. */
  close(): Promise<void>;
}

/** The databases that can hold the log. */
export type LogDatabaseKind = 'sqlite' | 'postgres';

/** @throws {LogUnavailableError} it does not respond */
export async function checkDatabase({
  db,
  guard,
}: Pick<LogDatabase, 'db' | 'guard'>): Promise<void> {
  await guard(() => sql`select 1`.execute(db));
}

/** Kysely on the log's tables. PostgreSQL and SQLite treat an empty list differently, so none is sent. */
export function createLogKysely(dialect: Dialect): Kysely<LogTables> {
  const plugin = new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression });
  return new Kysely<LogTables>({ dialect, plugins: [plugin] });
}
