import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely, Migrator, sql } from 'kysely';
import { migrationNames, migrationProvider } from './ingestion-log.migrations.js';
import type { LogTables } from './ingestion-log.schema.js';
import { HeadMarkFile, readHeadMark } from './log-head-mark.js';
import { createSqliteDialect } from './sqlite.dialect.js';
import { openSqliteThread, SqliteError } from './sqlite.thread.js';

const LOG_FILE = 'sluice.db';
const MARK_FILE = 'sluice.head';

/** The log’s file cannot be used as it is. The message says in one line what to do. */
export class LogFileError extends Error {
  override readonly name = 'LogFileError';
}

/** A log that was found sound. */
export interface OpenLog {
  readonly db: Kysely<LogTables>;
  readonly mark: HeadMarkFile;
  /** What its cursors are made with. */
  readonly cursorKey: Buffer;
  /** The position of its newest transition, also where that one was pruned. */
  readonly head: number;
}

/**
 * Open the log in a directory, or begin one; bring its tables up to date, and make sure that it is sound and
 * the newest that there was.
 *
 * @throws {LogFileError} in use, damaged, of a newer version, or behind what it had come to before
 */
export async function openLog(dataDir: string): Promise<OpenLog> {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, LOG_FILE);
  const thread = await openSqliteThread(path).catch((error: unknown) => {
    throw toFileError(error, path);
  });
  const db = new Kysely<LogTables>({ dialect: createSqliteDialect(thread) });
  try {
    await checkPages(db, path);
    await migrate(db, path);
    const { head, cursorKey, logId } = await readHead(db, join(dataDir, MARK_FILE), path);
    const mark = new HeadMarkFile(join(dataDir, MARK_FILE), logId);
    mark.write(head);
    return { db, mark, cursorKey, head };
  } catch (error) {
    await db.destroy();
    throw toFileError(error, path);
  }
}

async function checkPages(db: Kysely<LogTables>, path: string): Promise<void> {
  const { rows } = await sql<{ quick_check: string }>`pragma quick_check(1)`.execute(db);
  if (rows[0]?.quick_check !== 'ok') throw damaged(path);
}

async function migrate(db: Kysely<LogTables>, path: string): Promise<void> {
  const known = new Set(migrationNames);
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (tables.some(({ name }) => name === 'kysely_migration')) {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    if (rows.some(({ name }) => !known.has(name))) {
      throw new LogFileError(
        `${path} was written by a newer version of Sluice. Run that version, or set DATA_DIR to another directory.`,
      );
    }
  } else if (tables.length > 0) {
    throw new LogFileError(
      `${path} is a database of something else. Set DATA_DIR to another directory.`,
    );
  }
  const migrator = new Migrator({ db, provider: migrationProvider });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

/** How far the log has come, checked against how far it had come when it was last open. */
async function readHead(
  db: Kysely<LogTables>,
  markPath: string,
  path: string,
): Promise<{ head: number; cursorKey: Buffer; logId: string }> {
  const { rows } = await sql<{ seq: number }>`
    select seq from sqlite_sequence where name = 'transitions'`.execute(db);
  const head = rows[0]?.seq ?? 0;
  const mark = readHeadMark(markPath);
  const kept = await db
    .selectFrom('log_meta')
    .select('value')
    .where('name', '=', 'cursor_key')
    .executeTakeFirst();

  // Without a mark nobody can say whether this log is the newest: the cursors given so far end with it.
  const isNew = kept === undefined || mark === null;
  const key = isNew ? randomBytes(32).toString('base64url') : kept.value;
  const logId = key.slice(0, 8);
  if (!isNew && (mark.logId !== logId || mark.position > head)) {
    throw new LogFileError(
      `${path} is older than what was in it before (an old copy, or its end is missing). Restore the newest copy with its -wal file; or delete ${markPath} to go on without what is missing, which ends every cursor given so far.`,
    );
  }
  if (mark !== null && kept === undefined) {
    throw new LogFileError(
      `${path} is missing or empty, and ${markPath} says that there was a log. Restore it; or delete ${markPath} to begin a new one.`,
    );
  }
  if (isNew) {
    await db
      .insertInto('log_meta')
      .values({ name: 'cursor_key', value: key })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: key }))
      .execute();
  }
  return { head, cursorKey: Buffer.from(key, 'base64url'), logId };
}

function damaged(path: string): LogFileError {
  return new LogFileError(
    `${path} is damaged. Restore it from a backup, or move it and the files beside it away to begin a new log.`,
  );
}

function toFileError(error: unknown, path: string): unknown {
  if (!(error instanceof SqliteError)) return error;
  switch (error.kind) {
    case 'busy':
      return new LogFileError(
        `${path} is in use by another process. Stop that one, or set DATA_DIR to another directory.`,
      );
    case 'damaged':
      return damaged(path);
    case 'io':
    case 'full':
      return new LogFileError(
        `${path} cannot be written (${error.message}). See to the disk and the rights on DATA_DIR.`,
      );
    case 'constraint':
    case 'other':
      return error;
  }
}
