import { expect, it } from '@jest/globals';
import type { IngestionRecord, ReportedState } from '../../../src/ingestion/ingestion-request.js';
import { createLogger } from '../../../src/process/logger.js';
import { createTransitionLog } from '../../../src/server/monitoring/transition-log.js';

const ref = { mappingId: 'crm-profiles', requestId: '1' };
const done: ReportedState = { status: 'SUCCESS', info: '', batchId: null, numRecords: 2_000 };

const cases: [
  ReportedState,
  { from: 'IN_PROGRESS' | null; startedAt: number | null },
  string,
  number,
][] = [
  [
    { status: 'IN_PROGRESS', info: '', batchId: null },
    { from: null, startedAt: 1_000 },
    'crm-profiles 1: IN_PROGRESS',
    30,
  ],
  [
    done,
    { from: 'IN_PROGRESS', startedAt: 1_000 },
    'crm-profiles 1: IN_PROGRESS → SUCCESS, 2000 records, 19.8 s',
    30,
  ],
  [
    { ...done, numRecords: 1 },
    { from: null, startedAt: null },
    'crm-profiles 1: SUCCESS, 1 record, 19.0 s',
    30,
  ],
  [
    { status: 'FAILED', info: 'Mapping crm-profiles: ACP-880056 no', batchId: null },
    { from: 'IN_PROGRESS', startedAt: 1_000 },
    'crm-profiles 1: IN_PROGRESS → FAILED, ACP-880056, 19.8 s',
    40,
  ],
  [
    { status: 'ABORTED', info: '', batchId: null },
    { from: 'IN_PROGRESS', startedAt: 1_000 },
    'crm-profiles 1: IN_PROGRESS → ABORTED, 19.8 s',
    40,
  ],
];

it.each(cases)('logs %j in one line', (to, { from, startedAt }, msg, level) => {
  const lines: string[] = [];
  const report = createTransitionLog(
    createLogger('info', { write: (line) => void lines.push(line) }),
  );
  const record = { ref, state: to, startedAt, firstObservedAt: 1_800 } as IngestionRecord;
  report({ position: 1, ref, from, to, observedAt: 20_800 }, record);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level,
      msg,
      transition: expect.objectContaining({ ...ref, from, to: to.status }),
    }),
  ]);
});

it('omits the duration of a request if the clock was set back meanwhile', () => {
  const lines: string[] = [];
  const report = createTransitionLog(
    createLogger('info', { write: (line) => void lines.push(line) }),
  );
  const record = { ref, state: done, startedAt: 1_000, firstObservedAt: 1_800 } as IngestionRecord;
  report({ position: 1, ref, from: 'IN_PROGRESS', to: done, observedAt: -3_600_000 }, record);
  expect(JSON.parse(lines[0] ?? '').msg).toBe(
    'crm-profiles 1: IN_PROGRESS → SUCCESS, 2000 records',
  );
});
