import {
  GatewayError,
  LogDamagedError,
  LogUnavailableError,
  ShuttingDownError,
} from '../../../ingestion/gateway-error.js';
import { countCommit } from '../ingestion-log.meta.js';
import type { LogDatabase } from '../log-database.js';
import { openLog, toDamagedError } from './sqlite.log-file.js';
import { SqliteError } from './sqlite.thread.js';

/** Where the log's file is, and what to call when it can no longer be used. */
export interface SqliteLogOptions {
  readonly dataDir: string;
  /**
   * The disk lost what was written, or returned something else. This process may hold what is not stored, so it must
   * end; the next one finds what was committed.
   */
  readonly onFatal: (error: Error) => void;
  /** A larger file is checked while it is in use, in bytes; 16 MiB if left out. */
  readonly checkedFirstBytes?: number;
}

/**
 * The log in a SQLite file. Only this process has it open, and its commits wait for each other, so nobody else makes
 * it grow.
 *
 * @throws {LogUnusableError} the file can't be used; the message says what to do
 */
export async function openSqliteLog({
  dataDir,
  onFatal,
  checkedFirstBytes,
}: SqliteLogOptions): Promise<LogDatabase> {
  const { db, mark, cursorKey, check } = await openLog(dataDir, checkedFirstBytes);
  let isClosed = false;
  void check?.damage.then((damage) => {
    if (damage !== null && !isClosed) onFatal(toDamagedError(dataDir, new LogDamagedError(damage)));
  });

  async function guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (isClosed) throw new ShuttingDownError();
      if (error instanceof SqliteError && (error.kind === 'full' || error.kind === 'busy')) {
        const why = error.kind === 'full' ? 'its disk is full' : 'its file is locked';
        throw new LogUnavailableError(
          `The log of transitions cannot be written now: ${why}. Nothing was lost; try again later.`,
          { cause: error },
        );
      }
      if (error instanceof LogDamagedError || isBroken(error)) {
        onFatal(error as Error);
        throw error instanceof GatewayError ? error : new LogDamagedError(error);
      }
      throw error;
    }
  }

  /** @throws {LogDamagedError} without the mark, an old copy of the log could no longer be recognised */
  function keepMark(commitCount: number): void {
    try {
      mark.write(commitCount);
    } catch (error) {
      throw new LogDamagedError(error);
    }
  }

  return {
    kind: 'sqlite',
    name: 'DATA_DIR',
    howToReplace: 'Set DATA_DIR to another directory.',
    db,
    cursorKey,
    guard,
    commit: (write) =>
      guard(async () => {
        const { value, commitCount } = await db.transaction().execute(async (transaction) => {
          const written = await write(transaction);
          const count = written.hasChanged ? await countCommit(transaction) : null;
          return { value: written.value, commitCount: count };
        });
        if (commitCount !== null) keepMark(commitCount);
        return value;
      }),
    onGrown() {},
    async close() {
      isClosed = true;
      await check?.stop();
      await db.destroy();
      mark.close();
    },
  };
}

function isBroken(error: unknown): boolean {
  return error instanceof SqliteError && (error.kind === 'io' || error.kind === 'damaged');
}
