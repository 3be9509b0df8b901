import type { Kysely } from 'kysely';
import { GatewayError, LogDamagedError, LogUnavailableError } from '../ingestion/gateway-error.js';
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

/** The open file that the log of transitions and the log of starts share. */
export interface LogFile extends OpenLog {
  readonly db: Kysely<LogTables>;
  /**
   * Run something on the database, and name what goes wrong; what means that the disk cannot be relied on
   * ends the process.
   *
   * @throws {LogUnavailableError} nothing was written
   * @throws {LogDamagedError}
   */
  guard<T>(run: () => Promise<T>): Promise<T>;
  /** Once nobody uses it any more. */
  close(): Promise<void>;
}

/** @throws {LogFileError} the file cannot be used; the message says what to do */
export async function openLogFile({ dataDir, onFatal }: LogFileOptions): Promise<LogFile> {
  const opened = await openLog(dataDir);
  return {
    ...opened,
    async guard(run) {
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
    },
    async close() {
      await opened.db.destroy();
      opened.mark.close();
    },
  };
}

function isBroken(error: unknown): boolean {
  return error instanceof SqliteError && (error.kind === 'io' || error.kind === 'damaged');
}
