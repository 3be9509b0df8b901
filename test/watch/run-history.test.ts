import { expect, it } from '@jest/globals';
import { scaleFree } from '../../src/ingestion/run-model.js';
import { createRunHistory } from '../../src/watch/run-history.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';

const running = { status: 'IN_PROGRESS', info: '', batchId: null } as const;
const failed = { status: 'FAILED', info: '', batchId: null } as const;

function createSubject() {
  const clock = createManualClock();
  const log = createMemoryLog();
  const errors: unknown[] = [];
  let isDown = false;
  let requestCount = 0;
  const history = createRunHistory({
    log: {
      pastRuns: (mappingId, limit) =>
        isDown ? Promise.reject(new Error('The log is down.')) : log.pastRuns(mappingId, limit),
    },
    clock,
    onFailed: (error) => errors.push(error),
  });
  log.onAppended(history.observe);
  return {
    history,
    clock,
    errors,
    setDown(next: boolean) {
      isDown = next;
    },
    /** Run a request of the mapping for so long. */
    async run(mappingId: string, durationMs: number): Promise<void> {
      requestCount += 1;
      const ref = { mappingId, requestId: String(requestCount) };
      await log.append({ ref, seen: running, observedAt: 1_000 });
      await log.append({ ref, seen: failed, observedAt: 1_000 + durationMs });
    },
    /** The time of the next worthwhile poll for a run that just began: about when runs end. */
    async firstPollMs(mappingId: string): Promise<number> {
      history.modelOf(mappingId);
      await settle();
      const model = history.modelOf(mappingId);
      return model === scaleFree ? 0 : model.ageAt(20);
    },
  };
}

it('is empty without runs, and learns from each that ends, failed ones too', async () => {
  const { history, run, firstPollMs } = createSubject();
  expect(history.modelOf('crm')).toBe(scaleFree);
  await settle();
  for (let count = 0; count < 5; count += 1) await run('crm', 60_000);
  const atFirst = await firstPollMs('crm');
  for (let count = 0; count < 30; count += 1) await run('crm', 600_000);
  expect(await firstPollMs('crm')).toBeGreaterThan(2 * atFirst);
});

it('uses the runs of all mappings for a mapping without any, and reads them once a minute', async () => {
  const { clock, run, firstPollMs } = createSubject();
  await run('crm', 60_000);
  await clock.advance(60_000);
  const ofOthers = await firstPollMs('new');
  expect(ofOthers).toBeGreaterThan(0);
  for (let count = 0; count < 20; count += 1) await run('crm', 600_000);
  expect(await firstPollMs('new')).toBe(ofOthers);
  await clock.advance(60_000);
  expect(await firstPollMs('new')).toBeGreaterThan(ofOthers);
});

it('keeps what it has while the log is unavailable, and reports that', async () => {
  const { history, run, firstPollMs, setDown, errors } = createSubject();
  await run('crm', 60_000);
  const known = await firstPollMs('crm');
  setDown(true);
  await run('crm', 600_000);
  expect(await firstPollMs('crm')).toBe(known);
  expect(errors).not.toHaveLength(0);
  setDown(false);
  history.modelOf('crm');
  await settle();
  expect(await firstPollMs('crm')).not.toBe(known);
});
