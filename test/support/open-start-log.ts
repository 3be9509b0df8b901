import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createIngestionLog,
  type DurableIngestionLog,
} from '../../src/datasources/log/ingestion-log.datasource.js';
import { createStartLog } from '../../src/datasources/log/start-log.datasource.js';
import type { StartLog } from '../../src/ingestion/ports.js';
import { deleteDatabase, openTestLog, setFull } from './log-database.js';

/** Of the process that the tests are. */
const REPLICA_ID = 'the only one';

/** Both logs in one real file, which can be closed and opened again. */
export interface OpenedLogs {
  readonly starts: StartLog;
  readonly log: DurableIngestionLog;
  /** Let the database grow no more, as on a full disk; or again. */
  setFull(isFull: boolean): Promise<void>;
  /** End as a process does that dies: what was committed is there, and nothing else. */
  reopen(): Promise<OpenedLogs>;
  /** Close, and delete the file. */
  dispose(): Promise<void>;
}

/** @param dataDir - where the file is; a new directory where it is left out */
export async function openStartLog(dataDir?: string): Promise<OpenedLogs> {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'starts-')));
  const database = await openTestLog(directory);
  const log = await createIngestionLog(database);
  return {
    log,
    starts: createStartLog(database, REPLICA_ID),
    setFull: (isFull) => setFull(database, isFull),
    async reopen() {
      await setFull(database, false);
      await log.close();
      return openStartLog(directory);
    },
    async dispose() {
      await log.close();
      await deleteDatabase(directory);
    },
  };
}
