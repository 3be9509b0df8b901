import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ingestionStatuses,
  isTerminal,
  type ReportedState,
  toRequestKey,
} from '../../../src/ingestion/ingestion-request.js';
import type { Transition } from '../../../src/ingestion/transition.js';
import {
  createDurableLog,
  deleteLogs,
  finished,
  other,
  ref,
  running,
  useLogs,
} from './ingestion-log-harness.js';

const logs = useLogs();

it('a closed log reports that the gateway is stopping', async () => {
  const log = await createDurableLog();
  await deleteLogs();
  await expect(log.find([ref])).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  await expect(log.newest({ kind: 'all' })).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

describe.each(logs)('the ingestion log %s', (_name, createLog) => {
  it('returns how long the last runs took, newest first, of one mapping and of all', async () => {
    const log = await createLog();
    const run = async (mappingId: string, requestId: string, startedAt: number | undefined) => {
      const named = { mappingId, requestId };
      await log.append({ ref: named, seen: running, observedAt: 1_000, startedAt });
      return (seen: ReportedState, observedAt: number) =>
        log.append({ ref: named, seen, observedAt });
    };
    const first = await run('crm', '1', 900);
    const second = await run('crm', '2', undefined);
    const third = await run('web', '3', undefined);
    await run('crm', '4', undefined);
    await first(finished, 3_000);
    await third({ status: 'ABORTED', info: '', batchId: null }, 4_000);
    await second({ status: 'FAILED', info: '', batchId: null }, 5_000);
    // A request that had ended when first seen has no known duration.
    await log.append({
      ref: { mappingId: 'crm', requestId: '5' },
      seen: finished,
      observedAt: 9_000,
    });
    expect(await log.pastRuns('crm', 10)).toEqual([4_000, 2_100]);
    expect(await log.pastRuns('crm', 1)).toEqual([4_000]);
    expect(await log.pastRuns(null, 2)).toEqual([3_000, 4_000]);
    expect(await log.pastRuns('none', 10)).toEqual([]);
  });

  it('appends the transitions of a request and stores its latest state', async () => {
    const log = await createLog();
    const first = await log.append({ ref, seen: running, observedAt: 1_000, startedAt: 900 });
    const second = await log.append({ ref, seen: finished, observedAt: 2_000 });
    expect(first).toMatchObject({ kind: 'transition', transition: { from: null, to: running } });
    expect(second).toMatchObject({
      kind: 'transition',
      transition: { from: 'IN_PROGRESS', to: finished, observedAt: 2_000 },
    });
    expect(await log.find([ref])).toEqual([
      {
        ref,
        state: finished,
        startedAt: 900,
        firstObservedAt: 1_000,
        changedAt: 2_000,
        firstPosition: 1,
      },
    ]);
  });

  it('gives the transition to one of two observers of a change, and nothing to the other', async () => {
    const log = await createLog();
    await log.append({ ref, seen: running, observedAt: 1_000 });
    const appended = await Promise.all([
      log.append({ ref, seen: finished, observedAt: 2_000 }),
      log.append({ ref, seen: finished, observedAt: 2_001 }),
    ]);
    expect(appended.map(({ kind }) => kind).sort()).toEqual(['transition', 'unchanged']);
    expect(await log.read({ kind: 'all' }, 0, 10)).toHaveLength(2);
  });

  it('changes nothing when the upstream contradicts a terminal status', async () => {
    const log = await createLog();
    await log.append({ ref, seen: finished, observedAt: 1_000 });
    const { kind, record } = await log.append({ ref, seen: running, observedAt: 2_000 });
    expect(kind).toBe('regression');
    expect(record.state).toEqual(finished);
    expect(await log.read({ kind: 'request', ref }, 0, 10)).toHaveLength(1);
  });

  it('records who started a request even if a poll sees it before the start is answered', async () => {
    const log = await createLog();
    await log.append({ ref, seen: running, observedAt: 1_000 });
    await log.append({ ref, seen: running, observedAt: 2_000, startedAt: 500 });
    expect(await log.find([ref])).toMatchObject([{ startedAt: 500 }]);
  });

  it('announces each transition to listeners, in order', async () => {
    const log = await createLog();
    const told: Transition[] = [];
    log.onAppended((transition) => told.push(transition));
    await log.append({ ref, seen: running, observedAt: 1_000 });
    await log.append({ ref, seen: running, observedAt: 2_000 });
    await log.append({ ref, seen: finished, observedAt: 3_000 });
    expect(told).toEqual(await log.read({ kind: 'all' }, 0, 10));
  });

  it('finds requests in the order asked, with null for unknown ones', async () => {
    const log = await createLog();
    await log.append({ ref, seen: running, observedAt: 1_000 });
    const found = await log.find([other, ref, other]);
    expect(found.map((record) => record?.ref ?? null)).toEqual([null, ref, null]);
  });

  it('keeps one path per request whatever is observed: rising positions, one terminal status, nothing after it', async () => {
    const observation = fc.record({
      requestId: fc.constantFrom('1', '2', '3'),
      status: fc.constantFrom(...ingestionStatuses),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(observation, { maxLength: 40 }), async (observations) => {
        const log = await createLog();
        for (const [at, { requestId, status }] of observations.entries()) {
          const seen = { status, info: '', batchId: null, numRecords: 0 } as ReportedState;
          await log.append({ ref: { mappingId: 'm', requestId }, seen, observedAt: at });
        }
        const all = await log.read({ kind: 'all' }, 0, 1_000);
        const lastByRequest = new Map<string, Transition>();
        let position = 0;
        for (const transition of all) {
          const last = lastByRequest.get(toRequestKey(transition.ref));
          expect(transition.position).toBeGreaterThan(position);
          expect(transition.from).toBe(last?.to.status ?? null);
          if (last) expect(isTerminal(last.to.status)).toBe(false);
          position = transition.position;
          lastByRequest.set(toRequestKey(transition.ref), transition);
        }
        for (const { ref, to } of lastByRequest.values()) {
          expect(await log.find([ref])).toMatchObject([{ state: to }]);
        }
        // So that the next run has the same database, emptied.
        await deleteLogs();
      }),
      { numRuns: 20 },
    );
  });
});
