import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import {
  createIngestionLog,
  type DurableIngestionLog,
} from '../../../src/datasources/log/ingestion-log.datasource.js';
import type { LogDatabase } from '../../../src/datasources/log/log-database.js';
import { openStartLog } from '../../../src/datasources/log/start-log.datasource.js';
import { systemClock } from '../../../src/process/system-clock.js';
import { deleteDatabase, openTestLog } from '../../support/log-database.js';

let dataDir: string;
let database: LogDatabase;
let log: DurableIngestionLog;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'invariants-'));
  database = await openTestLog(dataDir);
  log = await createIngestionLog(database);
  const ref = { mappingId: 'XDM44', requestId: '1' };
  const seen = { status: 'IN_PROGRESS', info: '', batchId: null } as const;
  await log.append({ ref, seen, observedAt: 1_000 });
  const start = { mappingId: 'XDM44', retryOnAbort: 0, caller: null, idempotencyKey: 'k' };
  const starts = await openStartLog(database, systemClock, 10_000);
  await starts.begin({ ...start, createdAt: 1_000 }, 'sending');
});

afterEach(async () => {
  await log.close();
  await deleteDatabase(dataDir);
});

const insert = (columns: string) =>
  `insert into transitions select 9, ${columns}, info, batch_id, num_records, observed_at, checksum from transitions`;

it.each([
  ["update transitions set info = ''", /a transition is never rewritten/],
  [insert("request_key, mapping_id, null, 'FAILED'"), /unique/i],
  [
    insert("'other', mapping_id, 'IN_PROGRESS', 'FAILED'"),
    /a transition follows the one before it/,
  ],
  [insert("'other', mapping_id, null, 'LOST'"), /check constraint/i],
  [insert("request_key, mapping_id, 'IN_PROGRESS', 'IN_PROGRESS'"), /check constraint/i],
  ["update starts set state = 'lost'", /check constraint/i],
  ["update starts set state = 'waiting'", /check constraint/i],
  ["update starts set state = 'submitted'", /check constraint/i],
])('the database refuses a change that would break the log: %s', async (statement, message) => {
  await expect(sql.raw(statement).execute(database.db)).rejects.toThrow(message);
});
