import type { Kysely, Transaction } from 'kysely';
import { GatewayError, LogDamagedError, LogUnavailableError } from '../ingestion/gateway-error.js';
import { countCommit } from './ingestion-log.meta.js';
import { type OpenLog, openLog } from './ingestion-log.open.js';
import type { LogTables } from './ingestion-log.schema.js';
import { SqliteError } from './sqlite.thread.js';

export interface LogFileOptions {
  readonly dataDir: string;
  /**
   * The disk did not keep what it was given, or gave back something else. What this process holds may not be
   * what is stored, so it must end; the next one finds what was committed.
   */
  readonly onFatal: (error: Error) => void;
}

/** What a transaction gave, and whether it changed anything: only then is it a commit that counts. */
export interface Written<T> {
  readonly value: T;
  readonly hasChanged: boolean;
}

/** The open file that the log of transitions and the log of starts share. */
export interface LogFile extends Pick<OpenLog, 'cursorKey' | 'head'> {
  readonly db: Kysely<LogTables>;
  /**
   * Run something on the database, and name what goes wrong; what means that the disk cannot be relied on
   * ends the process.
   *
   * @throws {LogUnavailableError} nothing was written
   * @throws {LogDamagedError}
   */
  guard<T>(run: () => Promise<T>): Promise<T>;
  /**
   * Write in one transaction, guarded. When this resolves it is on the disk, and the mark beside the file
   * says so; whatever changes the log goes through here.
   */
  commit<T>(write: (transaction: Transaction<LogTables>) => Promise<Written<T>>): Promise<T>;
  /** Once nobody uses it any more. */
  close(): Promise<void>;
}

/** @throws {LogFileError} the file cannot be used; the message says what to do */
export async function openLogFile({ dataDir, onFatal }: LogFileOptions): Promise<LogFile> {
  const { db, mark, cursorKey, head } = await openLog(dataDir);

  async function guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof SqliteError && (error.kind === 'full' || error.kind === 'busy')) {
        throw new LogUnavailableError(
          'The log of transitions cannot be written now: its disk is full. Nothing was lost; try again later.',
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

  /** @throws {LogDamagedError} nobody could tell an old copy of the log from this one any more */
  function keepMark(commitCount: number): void {
    try {
      mark.write(commitCount);
    } catch (error) {
      throw new LogDamagedError(error);
    }
  }

  return {
    db,
    cursorKey,
    head,
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
    async close() {
      await db.destroy();
      mark.close();
    },
  };
}

function isBroken(error: unknown): boolean {
  return error instanceof SqliteError && (error.kind === 'io' || error.kind === 'damaged');
}
