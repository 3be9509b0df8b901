import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import {
  createIngestionLog,
  type DurableIngestionLog,
} from '../../../src/datasources/log/ingestion-log.datasource.js';
import type { ReportedState } from '../../../src/ingestion/ingestion-request.js';
import type { IngestionLog } from '../../../src/ingestion/ports.js';
import { deleteDatabase, openTestLog } from '../../support/log-database.js';
import { createMemoryLog } from '../../support/memory-log.js';

export const ref = { mappingId: 'XDM44', requestId: '3520' };
export const other = { mappingId: 'TestDoc', requestId: '3520' };
export const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
export const finished: ReportedState = {
  status: 'SUCCESS',
  info: 'done',
  batchId: null,
  numRecords: 15,
};

const opened: { readonly log: DurableIngestionLog; readonly dataDir: string }[] = [];

/** Close and delete the logs that were opened. */
export async function deleteLogs(): Promise<void> {
  for (const { log, dataDir } of opened.splice(0)) {
    await log.close();
    await deleteDatabase(dataDir);
  }
}

/** A log in a database, which is deleted after the test. */
export async function createDurableLog(): Promise<DurableIngestionLog> {
  const dataDir = await mkdtemp(join(tmpdir(), 'log-'));
  const log = await createIngestionLog(await openTestLog(dataDir));
  opened.push({ log, dataDir });
  return log;
}

/** The logs that each test of the file that calls this is run with; nothing is left of them. */
export function useLogs(): [name: string, createLog: () => Promise<IngestionLog>][] {
  afterEach(deleteLogs);
  return [
    ['in memory', async () => createMemoryLog()],
    ['in a database', createDurableLog],
  ];
}
