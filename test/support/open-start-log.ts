import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import {
  createIngestionLog,
  type IngestionLogFile,
} from '../../src/datasources/ingestion-log.datasource.js';
import { openLogFile } from '../../src/datasources/log-file.js';
import { createStartLog } from '../../src/datasources/start-log.datasource.js';
import type { StartLog } from '../../src/ingestion/ports.js';

/** Both logs in one real file, which can be closed and opened again. */
export interface OpenedLogs {
  readonly starts: StartLog;
  readonly log: IngestionLogFile;
  /** Let the file grow no more, as on a full disk; or again. */
  setFull(isFull: boolean): Promise<void>;
  /** End as a process does that dies: what was committed is there, and nothing else. */
  reopen(): Promise<OpenedLogs>;
  /** Close, and delete the file. */
  dispose(): Promise<void>;
}

/** @param dataDir - where the file is; a new directory where it is left out */
export async function openStartLog(dataDir?: string): Promise<OpenedLogs> {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'starts-')));
  const file = await openLogFile({
    dataDir: directory,
    onFatal: (error) => {
      throw error;
    },
  });
  const log = await createIngestionLog(file);
  return {
    log,
    starts: createStartLog(file),
    async setFull(isFull) {
      // SQLite takes a limit below the pages in use for exactly these pages.
      await sql.raw(`pragma max_page_count = ${isFull ? 1 : 1_000_000}`).execute(file.db);
    },
    async reopen() {
      await log.close();
      return openStartLog(directory);
    },
    async dispose() {
      await log.close();
      await rm(directory, { recursive: true });
    },
  };
}
