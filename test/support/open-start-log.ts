import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import {
  createIngestionLog,
  type DurableIngestionLog,
} from '../../src/datasources/log/ingestion-log.datasource.js';
import { openStartLog as openStarts } from '../../src/datasources/log/start-log.datasource.js';
import { toStartChecksum } from '../../src/datasources/log/start-log.rows.js';
import type { Clock, StartLog } from '../../src/ingestion/ports.js';
import { systemClock } from '../../src/process/system-clock.js';
import { deleteDatabase, openTestLog, setFull } from './log-database.js';

/** How long the call that sends a start may take, in ms. */
const TIMEOUT_MS = 10_000;

/** After this the answer to a start is overdue, in ms. */
export const ANSWER_DUE_MS = TIMEOUT_MS + 5_000;

/** Both logs in one real file, which can be closed and reopened. */
export interface OpenedLogs {
  readonly starts: StartLog;
  readonly log: DurableIngestionLog;
  /** Stop the database from growing, as a full disk does; or allow it again. */
  setFull(isFull: boolean): Promise<void>;
  /** Make everything due so much sooner, in ms, as if that time had passed. */
  pass(ms: number): Promise<void>;
  /** Leave all starts as an earlier version did, which did not record sendings and deadlines. */
  forgetSendings(): Promise<void>;
  /** End like a killed process, which leaves only what was committed, and open again. */
  reopen(): Promise<OpenedLogs>;
  /** Close, and delete the file. */
  dispose(): Promise<void>;
}

/** @param dataDir - the directory of the file; by default a new one */
export async function openStartLog(
  clock: Clock = systemClock,
  dataDir?: string,
): Promise<OpenedLogs> {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'starts-')));
  const database = await openTestLog(directory);
  const log = await createIngestionLog(database);
  return {
    log,
    starts: await openStarts(database, clock, TIMEOUT_MS),
    setFull: (isFull) => setFull(database, isFull),
    async pass(ms) {
      await sql`update starts set due_at = due_at - ${ms}`.execute(database.db);
    },
    async forgetSendings() {
      const rows = await database.db.selectFrom('starts').selectAll().execute();
      for (const { intent_id, ...row } of rows) {
        const old = { ...row, sent_by: null, due_at: null };
        await database.db
          .updateTable('starts')
          .set({ ...old, checksum: toStartChecksum(old) })
          .where('intent_id', '=', intent_id)
          .execute();
      }
    },
    async reopen() {
      await setFull(database, false);
      await log.close();
      return openStartLog(clock, directory);
    },
    async dispose() {
      await log.close();
      await deleteDatabase(directory);
    },
  };
}
