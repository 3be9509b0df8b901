import { randomBytes } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Kysely, Migrator, sql } from 'kysely';
import { LogDamagedError } from '../../../ingestion/gateway-error.js';
import { makeFolder } from '../../../process/make-folder.js';
import {
  deleteMeta,
  readCommitCount,
  readHead,
  readMeta,
  writeMeta,
} from '../ingestion-log.meta.js';
import type { LogTables } from '../ingestion-log.schema.js';
import { createLogKysely, LogUnusableError } from '../log-database.js';
import {
  type HeadMark,
  HeadMarkDamagedError,
  HeadMarkFile,
  readHeadMark,
} from '../log-head-mark.js';
import { createMigrations } from '../log-migrations.js';
import {
  CHECKED_FIRST_BYTES,
  checkWhileOpen,
  findDamage,
  type RunningCheck,
} from './sqlite.check.js';
import { createSqliteDialect } from './sqlite.dialect.js';
import { openSqliteThread, SqliteError } from './sqlite.thread.js';

const LOG_FILE = 'sluice.db';
const MARK_FILE = 'sluice.head';

/** A log that was found sound. */
export interface OpenLog {
  readonly db: Kysely<LogTables>;
  readonly mark: HeadMarkFile;
  /** The key of its cursors. */
  readonly cursorKey: Buffer;
  /** The check of a large file, which is used before the check is over; null if it was checked first. */
  readonly check: RunningCheck | null;
}

/**
 * Open the log in a directory, or create one. Bring its tables up to date, and make sure that it is sound and the
 * newest that there was.
 *
 * @param checkedFirstBytes - a larger file is checked while it is in use
 * @throws {LogUnusableError} it is in use, damaged, from a newer version, or older than it used to be
 */
export async function openLog(
  dataDir: string,
  checkedFirstBytes = CHECKED_FIRST_BYTES,
): Promise<OpenLog> {
  const path = join(dataDir, LOG_FILE);
  const markPath = join(dataDir, MARK_FILE);
  try {
    makeFolder(dataDir);
    // SQLite would only say that it can't open its file, and not why.
    accessSync(dataDir, constants.W_OK | constants.X_OK);
    const mark = readHeadMark(markPath);
    // Otherwise SQLite would create an empty file, and take an existing -wal file for an old one.
    if (mark && sizeOf(path) === 0) throw missing(path, markPath);
    return await openSound(path, markPath, mark, checkedFirstBytes);
  } catch (error) {
    throw toFileError(error, path, markPath);
  }
}

async function openSound(
  path: string,
  markPath: string,
  mark: HeadMark | null,
  checkedFirstBytes: number,
): Promise<OpenLog> {
  const isLarge = sizeOf(path) > checkedFirstBytes;
  const thread = await openSqliteThread(path);
  const db = createLogKysely(createSqliteDialect(thread));
  try {
    if (!isLarge) await checkFirst(db);
    await migrate(db, path);
    await checkHead(db);
    const cursorKey = await checkNewest(db, mark, path, markPath);
    const markFile = new HeadMarkFile(markPath, toLogId(cursorKey));
    markFile.write(await readCommitCount(db));
    const check = isLarge ? await checkWhileOpen(path, thread) : null;
    return { db, mark: markFile, cursorKey: Buffer.from(cursorKey, 'base64url'), check };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function checkFirst(db: Kysely<LogTables>): Promise<void> {
  const damage = await findDamage(async (check) => (await sql.raw(check).execute(db)).rows[0]);
  if (damage !== null) throw new LogDamagedError(damage);
}

async function migrate(db: Kysely<LogTables>, path: string): Promise<void> {
  const migrations = createMigrations('sqlite');
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  const names = new Set(tables.map(({ name }) => name));
  if (names.has('kysely_migration')) {
    const known = new Set(Object.keys(migrations));
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    if (rows.some(({ name }) => !known.has(name))) {
      throw new LogUnusableError(
        `${path} was written by a newer version of Sluice. Run that version, or set DATA_DIR to another directory.`,
      );
    }
    if (names.has('log_meta')) await checkSchema(db);
    // Recorded again after the migration. A process that finds none knows that a migration was in progress.
    if (rows.length > 0 && rows.length < known.size) await deleteMeta(db, 'schema');
  } else if (tables.length > 0) {
    throw new LogUnusableError(
      `${path} belongs to another program. Set DATA_DIR to another directory.`,
    );
  }
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
  }).migrateToLatest();
  if (error) throw error;
  if ((await readMeta(db, 'schema')) === null) {
    await writeMeta(db, 'schema', await toSchemaChecksum(db));
  }
}

/** The tables must be those that were created, because a column of another type would change the values put into it. */
async function checkSchema(db: Kysely<LogTables>): Promise<void> {
  const made = await readMeta(db, 'schema');
  if (made !== null && made !== (await toSchemaChecksum(db))) throw new LogDamagedError();
}

async function toSchemaChecksum(db: Kysely<LogTables>): Promise<string> {
  const { rows } = await sql<{ type: string; name: string; tbl_name: string; sql: string | null }>`
    select type, name, tbl_name, sql from sqlite_schema order by type, name`.execute(db);
  return String(
    crc32(JSON.stringify(rows.map((row) => [row.type, row.name, row.tbl_name, row.sql]))),
  );
}

/** The newest transition that ever existed is still there, or was pruned. */
async function checkHead(db: Kysely<LogTables>): Promise<void> {
  const { rows } = await sql<{ seq: number }>`
    select seq from sqlite_sequence where name = 'transitions'`.execute(db);
  if ((rows[0]?.seq ?? 0) !== (await readHead(db))) throw new LogDamagedError();
}

/**
 * Make sure, with the mark beside it, that the log is the newest that there was.
 *
 * @returns the key of its cursors
 */
async function checkNewest(
  db: Kysely<LogTables>,
  mark: HeadMark | null,
  path: string,
  markPath: string,
): Promise<string> {
  const cursorKey = await readMeta(db, 'cursor_key');
  if (mark && cursorKey === null) throw missing(path, markPath);
  if (mark && cursorKey !== null) {
    const isNewest = mark.commitCount <= (await readCommitCount(db));
    if (mark.logId === toLogId(cursorKey) && isNewest) return cursorKey;
    throw new LogUnusableError(
      `${path} is older than what was in it before (an old copy, or its end is missing). Restore the newest copy with its -wal file; or delete ${markPath} to continue without what is missing, which makes all existing cursors invalid.`,
    );
  }
  // Without a mark nobody can tell whether this log is the newest, so existing cursors become invalid.
  const newKey = randomBytes(32).toString('base64url');
  await writeMeta(db, 'cursor_key', newKey);
  return newKey;
}

/** Not the whole key, because readers of the mark could forge cursors with it. */
function toLogId(cursorKey: string): string {
  return cursorKey.slice(0, 8);
}

function missing(path: string, markPath: string): LogUnusableError {
  return new LogUnusableError(
    `${path} is missing or empty, and ${markPath} says that there was a log. Restore it; or delete ${markPath} to begin a new one.`,
  );
}

function damaged(path: string, cause: Error): LogUnusableError {
  return new LogUnusableError(
    `${path} is damaged. Restore it from a backup, or move it and the files beside it away to begin a new log.`,
    { cause },
  );
}

/** The error for a log that was found damaged while it was in use. */
export function toDamagedError(dataDir: string, cause: Error): LogUnusableError {
  return damaged(join(dataDir, LOG_FILE), cause);
}

function toFileError(error: unknown, path: string, markPath: string): unknown {
  if (error instanceof LogUnusableError) return error;
  if (error instanceof LogDamagedError) return damaged(path, error);
  if (error instanceof HeadMarkDamagedError) {
    return new LogUnusableError(
      `${markPath} is damaged. Restore it together with the log; or delete it to continue with the log as it is, which makes all existing cursors invalid.`,
      { cause: error },
    );
  }
  if (!(error instanceof SqliteError)) return isOfFile(error) ? unusable(path, error) : error;
  switch (error.kind) {
    case 'busy':
      return new LogUnusableError(
        `${path} is in use by another process. Stop that one, or set DATA_DIR to another directory.`,
        { cause: error },
      );
    case 'io':
    case 'full':
      return unusable(path, error);
    case 'damaged':
    case 'constraint':
    case 'other':
      // Also what SQLite can't interpret: it can interpret a sound log.
      return damaged(path, error);
  }
}

function isOfFile(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function unusable(path: string, cause: Error): LogUnusableError {
  return new LogUnusableError(
    `${path} cannot be written (${cause.message}). Check the disk and the permissions of DATA_DIR.`,
    { cause },
  );
}
