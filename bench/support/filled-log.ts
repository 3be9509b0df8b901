import { sql } from 'kysely';
import { toRequestRow, toTransitionRow } from '../../src/datasources/log/ingestion-log.rows.js';
import { openLog } from '../../src/datasources/log/sqlite/sqlite.log-file.js';
import type { IngestionRecord, ReportedState } from '../../src/ingestion/ingestion-request.js';
import type { Transition } from '../../src/ingestion/transition.js';

const MAPPINGS = 5;
const ROWS_AT_A_TIME = 500;

const running: ReportedState = { status: 'IN_PROGRESS', info: 'Mapping Id: M.', batchId: null };
const finished: ReportedState = { ...running, status: 'SUCCESS', numRecords: 15 };

/** The ref of the nth request, counted from 0. */
export function refOf(index: number) {
  return { mappingId: `M${index % MAPPINGS}`, requestId: String(index) };
}

export interface Filling {
  /** With two transitions each. */
  readonly finishedRequests: number;
  /** With one. */
  readonly runningRequests: number;
  /** When all were observed, in ms since the epoch. */
  readonly observedAt: number;
}

/** Fill an empty log directly, because its own way commits to the disk each time. */
export async function fillLog(dataDir: string, filling: Filling): Promise<void> {
  const { finishedRequests, runningRequests, observedAt } = filling;
  const { db, mark } = await openLog(dataDir);
  let position = 0;
  for (let start = 0; start < finishedRequests + runningRequests; start += ROWS_AT_A_TIME) {
    const transitions: Transition[] = [];
    const records: IngestionRecord[] = [];
    const end = Math.min(start + ROWS_AT_A_TIME, finishedRequests + runningRequests);
    for (let index = start; index < end; index += 1) {
      const ref = refOf(index);
      const isFinished = index < finishedRequests;
      const firstPosition = position + 1;
      transitions.push({ position: firstPosition, ref, from: null, to: running, observedAt });
      position = firstPosition;
      if (isFinished) {
        position += 1;
        transitions.push({ position, ref, from: running.status, to: finished, observedAt });
      }
      records.push({
        ref,
        state: isFinished ? finished : running,
        startedAt: null,
        firstObservedAt: observedAt,
        changedAt: observedAt,
        firstPosition,
      });
    }
    await db.transaction().execute(async (transaction) => {
      await transaction
        .insertInto('transitions')
        .values(transitions.map(toTransitionRow))
        .execute();
      await transaction.insertInto('requests').values(records.map(toRequestRow)).execute();
    });
  }
  // Like requests that were polled before: each is due within the minute.
  await sql`update watches set due_ms = abs(random() % 60000), gap_ms = 60000`.execute(db);
  mark.close();
  await db.destroy();
}
