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

/** The log cannot be used as it is. The message says in one line what to do. */
export class LogUnusableError extends Error {
  override readonly name = 'LogUnusableError';
}

/** What a transaction gave, and what it did to the log. */
export interface Written<T> {
  readonly value: T;
  /** Whether it changed anything: only then is it a commit that counts. */
  readonly hasChanged: boolean;
  /** How far the log has come with it, where it has grown. */
  readonly head?: Position;
}

/**
 * The database that holds the log of transitions and the log of starts: a SQLite file, or a PostgreSQL
 * database that other processes have open as well.
 */
export interface LogDatabase {
  readonly kind: LogDatabaseKind;
  /** What people know it by, at the beginning of a sentence; no credentials. */
  readonly name: string;
  /** A sentence that says how to have another one in its place. */
  readonly howToReplace: string;
  readonly db: Kysely<LogTables>;
  /** What cursors are made with. */
  readonly cursorKey: Buffer;
  /**
   * Run something on the database, and name what goes wrong; what means that the log cannot be relied on
   * ends the process.
   *
   * @throws {LogUnavailableError} nothing was written
   * @throws {ShuttingDownError} the same: it is closed, or about to be
   * @throws {LogDamagedError}
   */
  guard<T>(run: () => Promise<T>): Promise<T>;
  /**
   * Write in one transaction, guarded. When this resolves it is on the disk. Whatever changes the logs goes
   * through here: one transaction at a time, of all processes, so that each finds what those before it left,
   * and positions that are given one after the other are committed in that order.
   *
   * @param write - may be called again where its transaction came to nothing
   * @see docs/adr/0013-one-writer-at-a-time.md
   */
  commit<T>(write: (transaction: Transaction<LogTables>) => Promise<Written<T>>): Promise<T>;
  /**
   * Be told when the log may have grown, by this or another process; with how far, where that is known. Only
   * a hint: it may come late, twice, or for nothing.
   */
  onGrown(listener: (head: Position | null) => void): void;
  /** Once nobody uses it any more. */
  close(): Promise<void>;
}

/** The databases that can hold the log. */
export type LogDatabaseKind = 'sqlite' | 'postgres';

/** @throws {LogUnavailableError} it does not answer */
export async function checkDatabase({
  db,
  guard,
}: Pick<LogDatabase, 'db' | 'guard'>): Promise<void> {
  await guard(() => sql`select 1`.execute(db));
}

/** Kysely on the log’s tables. Of an empty list, PostgreSQL has another idea than SQLite; so none is sent. */
export function createLogKysely(dialect: Dialect): Kysely<LogTables> {
  const plugin = new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression });
  return new Kysely<LogTables>({ dialect, plugins: [plugin] });
}
