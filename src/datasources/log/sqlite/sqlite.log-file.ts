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
  /** What its cursors are made with. */
  readonly cursorKey: Buffer;
  /** The check of a large file, which is in use before it is over; null where it was checked first. */
  readonly check: RunningCheck | null;
}

/**
 * Open the log in a directory, or begin one; bring its tables up to date, and make sure that it is sound and
 * the newest that there was.
 *
 * @param checkedFirstBytes - a larger file is checked while it is in use
 * @throws {LogUnusableError} in use, damaged, of a newer version, or behind what it had come to before
 */
export async function openLog(
  dataDir: string,
  checkedFirstBytes = CHECKED_FIRST_BYTES,
): Promise<OpenLog> {
  const path = join(dataDir, LOG_FILE);
  const markPath = join(dataDir, MARK_FILE);
  try {
    makeFolder(dataDir);
    // SQLite would say only that it cannot open its file, and not why.
    accessSync(dataDir, constants.W_OK | constants.X_OK);
    const mark = readHeadMark(markPath);
    // Before SQLite makes an empty file of nothing, and takes a -wal file that is still there for an old one.
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
    // Noted anew behind the migration: whoever finds none there knows that it was under way.
    if (rows.length > 0 && rows.length < known.size) await deleteMeta(db, 'schema');
  } else if (tables.length > 0) {
    throw new LogUnusableError(
      `${path} is a database of something else. Set DATA_DIR to another directory.`,
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

/** The tables must still be those that were made: a column of another type would change what is put into it. */
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

/** The newest transition that there ever was is there still, or was pruned. */
async function checkHead(db: Kysely<LogTables>): Promise<void> {
  const { rows } = await sql<{ seq: number }>`
    select seq from sqlite_sequence where name = 'transitions'`.execute(db);
  if ((rows[0]?.seq ?? 0) !== (await readHead(db))) throw new LogDamagedError();
}

/**
 * Make sure that the log is the newest that there was, by the mark beside it.
 *
 * @returns what its cursors are made with
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
      `${path} is older than what was in it before (an old copy, or its end is missing). Restore the newest copy with its -wal file; or delete ${markPath} to go on without what is missing, which ends every cursor given so far.`,
    );
  }
  // Without a mark nobody can say whether this log is the newest: the cursors given so far end with it.
  const newKey = randomBytes(32).toString('base64url');
  await writeMeta(db, 'cursor_key', newKey);
  return newKey;
}

/** Not the whole key: who can read the mark could make cursors with it. */
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

/** What is told of a log that was found damaged while it was in use. */
export function toDamagedError(dataDir: string, cause: Error): LogUnusableError {
  return damaged(join(dataDir, LOG_FILE), cause);
}

function toFileError(error: unknown, path: string, markPath: string): unknown {
  if (error instanceof LogUnusableError) return error;
  if (error instanceof LogDamagedError) return damaged(path, error);
  if (error instanceof HeadMarkDamagedError) {
    return new LogUnusableError(
      `${markPath} is damaged. Restore it together with the log; or delete it to go on with the log as it is, which ends every cursor given so far.`,
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
      // Also what SQLite cannot make sense of: of a sound log it can.
      return damaged(path, error);
  }
}

function isOfFile(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function unusable(path: string, cause: Error): LogUnusableError {
  return new LogUnusableError(
    `${path} cannot be written (${cause.message}). See to the disk and the rights on DATA_DIR.`,
    { cause },
  );
}
