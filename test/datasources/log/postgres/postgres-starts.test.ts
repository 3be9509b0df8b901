import { describe, expect, it } from '@jest/globals';
import type { ReportedState } from '../../../../src/ingestion/ingestion-request.js';
import { systemClock } from '../../../../src/process/system-clock.js';
import { execute } from '../../../support/postgres.js';
import type { ReplicaLog } from '../../../support/postgres-logs.js';
import { running, toRef, useReplicas } from './replicas-harness.js';

const { database, open } = useReplicas();

const aborted: ReportedState = { status: 'ABORTED', info: 'no', batchId: null };

const SENDING = 'the first sending';
const DAY_MS = 86_400_000;

describe('a start shared by processes', () => {
  const start = {
    mappingId: 'XDM44',
    retryOnAbort: 1,
    caller: null,
    idempotencyKey: 'k',
    createdAt: 1_000,
  };

  /** Make everything due so much sooner, as if that time had passed. */
  const pass = (ms: number) => execute(database.url, `update starts set due_at = due_at - ${ms}`);

  const begin = async ({ starts }: ReplicaLog): Promise<number> => {
    const { intent } = await starts.begin(start, SENDING);
    return intent.intentId;
  };

  const answer = ({ log }: ReplicaLog, intentId: number, seen: ReportedState = running) =>
    log.append({
      ref: toRef('1'),
      seen,
      observedAt: 3_000,
      answers: { intentId, kind: 'submitted', message: 'ok' },
    });

  it('is begun by one of those that have its key', async () => {
    const all = await Promise.all([open(), open(), open()]);
    const begun = await Promise.all(
      all.map(({ starts }, which) => starts.begin(start, String(which))),
    );
    expect(begun.map(({ kind }) => kind).sort()).toEqual(['begun', 'known', 'known']);
    expect(new Set(begun.map(({ intent }) => intent.intentId)).size).toBe(1);
  });

  it('is awaited until its answer is due, also by a process that joins meanwhile', async () => {
    const intentId = await begin(await open());
    const other = await open();
    expect(await other.starts.answerDueInMs(intentId)).toBeGreaterThan(0);
    expect(await other.starts.settleOverdue(2_000)).toEqual([]);
    await pass(20_000);
    expect(await other.starts.settleOverdue(2_000)).toMatchObject([
      { intentId, state: { kind: 'unknown' } },
    ]);
  });

  it('is found overdue by one of those that look', async () => {
    const all = await Promise.all([open(), open(), open()]);
    for (const replica of all) await replica.starts.begin({ ...start, idempotencyKey: null }, 'x');
    await pass(20_000);
    const found = await Promise.all(all.map(({ starts }) => starts.settleOverdue(2_000)));
    expect(found.flat()).toHaveLength(3);
  });

  it('takes its result from a process that hears the answer late', async () => {
    const [one, other] = [await open(), await open()];
    const intentId = await begin(one);
    await pass(20_000);
    await other.starts.settleOverdue(2_000);
    await answer(one, intentId);
    expect(await other.starts.begin(start, 'next')).toMatchObject({
      kind: 'known',
      intent: { state: { kind: 'submitted', ref: toRef('1') } },
    });
  });

  it('can be begun again once a process hears late that it was not accepted', async () => {
    const [one, other] = [await open(), await open()];
    const intentId = await begin(one);
    await pass(20_000);
    await other.starts.settleOverdue(2_000);
    await one.starts.withdraw(intentId, SENDING);
    expect(await other.starts.begin(start, 'next')).toMatchObject({ kind: 'begun' });
  });

  it('is withdrawn only with its own sending', async () => {
    const [one, other] = [await open(), await open()];
    const intentId = await begin(one);
    await other.starts.withdraw(intentId, 'another');
    expect(await other.starts.begin(start, 'next')).toMatchObject({ kind: 'known' });
    await one.starts.withdraw(intentId, SENDING);
    expect(await other.starts.begin(start, 'next')).toMatchObject({ kind: 'begun' });
  });

  it('is not withdrawn a second time once another process has sent it', async () => {
    const [one, other] = [await open(), await open()];
    await answer(one, await begin(one), aborted);
    const [retry] = await one.starts.waitingRetries(0, 0);
    const retryId = retry?.intent.intentId ?? 0;
    await one.starts.markSent(retryId, 'one', 3_000);
    await one.starts.withdraw(retryId, 'one');
    await one.starts.postpone(retryId, 0);
    expect(await other.starts.markSent(retryId, 'other', 4_000)).toBe(true);
    await one.starts.withdraw(retryId, 'one');
    expect(await one.starts.waitingRetries(0, 0)).toEqual([]);
  });

  it.each([-DAY_MS, DAY_MS])(
    'is due at the same time for a process whose clock is %i ms off',
    async (offMs) => {
      const here = await open();
      const off = await open(database.url, {
        clock: { ...systemClock, now: () => systemClock.now() + offMs },
      });
      const ids = [await begin(here)];
      const { intent } = await off.starts.begin({ ...start, idempotencyKey: 'off' }, 'off');
      ids.push(intent.intentId);
      for (const { starts } of [here, off]) {
        expect(await starts.settleOverdue(2_000)).toEqual([]);
        for (const id of ids) {
          const dueInMs = await starts.answerDueInMs(id);
          expect(dueInMs).toBeGreaterThan(0);
          expect(dueInMs).toBeLessThanOrEqual(15_000);
        }
      }
      await pass(20_000);
      expect(await off.starts.settleOverdue(2_000)).toHaveLength(2);
    },
  );
});
