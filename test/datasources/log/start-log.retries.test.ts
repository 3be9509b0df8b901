import { describe, expect, it } from '@jest/globals';
import type { ReportedState } from '../../../src/ingestion/ingestion-request.js';
import { ANSWER_DUE_MS } from '../../support/open-start-log.js';
import { running, toRef, unknown, useStartLog } from './start-log-harness.js';

const opened = useStartLog();
const { begin, beginUnknown, answer, look } = opened;

const HOUR_MS = 3_600_000;
const aborted: ReportedState = { status: 'ABORTED', info: 'aborted', batchId: null };

describe('the retry of an ABORTED request', () => {
  const waitingRetries = async () =>
    (await opened.starts.waitingRetries(0, 0)).map(({ intent }) => intent);
  const abort = (requestId: string, observedAt = 3_000) =>
    opened.log.append({ ref: toRef(requestId), seen: aborted, observedAt });

  it('waits in the log from the commit that records ABORTED', async () => {
    await answer(await begin({ retryOnAbort: 2, caller: 'ann' }), 'submitted', '1');
    expect(await waitingRetries()).toEqual([]);
    await Promise.all([abort('1'), abort('1', 3_001)]);
    await opened.reopen();
    expect(await waitingRetries()).toMatchObject([
      {
        caller: 'ann',
        idempotencyKey: null,
        retryOnAbort: 1,
        attempt: 2,
        retryOf: toRef('1'),
        createdAt: 3_001,
        state: { kind: 'waiting' },
      },
    ]);
  });

  it.each(['SUCCESS', 'FAILED'] as const)('is not created for %s', async (status) => {
    await answer(await begin({ retryOnAbort: 2 }), 'submitted', '1');
    const seen: ReportedState = { status, info: '', batchId: null, numRecords: 1 };
    await opened.log.append({ ref: toRef('1'), seen, observedAt: 3_000 });
    expect(await waitingRetries()).toEqual([]);
  });

  it('is not created if nobody asked for it, and created once if several did', async () => {
    await answer(await begin(), 'submitted', '1');
    await abort('1');
    expect(await waitingRetries()).toEqual([]);
    await answer(await begin(), 'submitted', '2');
    await answer(await begin({ retryOnAbort: 1 }), 'alreadyInProgress', '2');
    await answer(await begin({ retryOnAbort: 3 }), 'alreadyInProgress', '2');
    await abort('2');
    expect(await waitingRetries()).toMatchObject([{ retryOnAbort: 2, attempt: 2 }]);
  });

  it('waits even if the end was seen before the answer that names the request', async () => {
    const intent = await begin({ retryOnAbort: 1 });
    await abort('1');
    await answer(intent, 'submitted', '1', 4_000);
    expect(await waitingRetries()).toMatchObject([{ retryOf: toRef('1') }]);
    const lost = await beginUnknown({ retryOnAbort: 1, createdAt: 5_000 });
    await opened.log.append({ ref: toRef('2'), seen: running, observedAt: 6_000 });
    await abort('2', 7_000);
    await look(lost);
    expect(await waitingRetries()).toMatchObject([
      { retryOf: toRef('1') },
      { retryOf: toRef('2') },
    ]);
  });

  /** A waiting retry. */
  async function abortOne(): Promise<number> {
    await answer(await begin({ retryOnAbort: 1 }), 'submitted', '1');
    await abort('1');
    const [retry] = await waitingRetries();
    if (!retry) throw new Error('no retry');
    return retry.intentId;
  }

  it('is sent by one of those that race for it, and waits again if it was not accepted', async () => {
    const intentId = await abortOne();
    const race = async (sending: string) => {
      const sent = await Promise.all(
        [1, 2, 3].map(() => opened.starts.markSent(intentId, sending, 3_500)),
      );
      return sent.sort();
    };
    expect(await race('one')).toEqual([false, false, true]);
    await opened.starts.withdraw(intentId, 'one');
    await opened.starts.postpone(intentId, 0);
    expect(await race('two')).toEqual([false, false, true]);
    await opened.starts.settle(intentId, { ...unknown(5_000), kind: 'abandoned' });
    expect((await opened.starts.resolveUnknown(intentId, [], 5_000)).state.kind).toBe('sent');
  });

  it.each(['sent', 'unknown'] as const)(
    'is not withdrawn with an earlier sending, once it is %s again',
    async (state) => {
      const intentId = await abortOne();
      await opened.starts.markSent(intentId, 'one', 3_500);
      await opened.starts.withdraw(intentId, 'one');
      await opened.starts.postpone(intentId, 0);
      await opened.starts.markSent(intentId, 'two', 4_000);
      if (state === 'unknown') await opened.starts.settle(intentId, unknown(5_000));
      await opened.starts.withdraw(intentId, 'one');
      expect((await opened.starts.resolveUnknown(intentId, [], 6_000)).state.kind).toBe(state);
    },
  );

  it('is sent by nobody before it is due, whoever postponed it, and then found by everybody', async () => {
    const intentId = await abortOne();
    const found = async () => {
      const waiting = await opened.starts.waitingRetries(intentId, 5_000);
      return waiting.map(({ intent, dueInMs }) => [intent.intentId, Math.sign(dueInMs ?? -1)]);
    };
    expect(await opened.starts.waitingRetries(intentId - 1, 0)).toMatchObject([{ dueInMs: null }]);
    await opened.starts.markSent(intentId, 'one', 3_500);
    await opened.starts.withdraw(intentId, 'one');
    // Until it is postponed, others leave it to the process that withdrew it, but no longer than an answer may take.
    expect(await opened.starts.markSent(intentId, 'two', 4_000)).toBe(false);
    await opened.starts.postpone(intentId, 60_000);
    expect(await opened.starts.markSent(intentId, 'two', 4_000)).toBe(false);
    expect(await found()).toEqual([]);
    await opened.pass(57_000);
    expect(await found()).toEqual([[intentId, 1]]);
    expect(await opened.starts.markSent(intentId, 'two', 4_000)).toBe(false);
    await opened.pass(3_000);
    expect(await opened.starts.markSent(intentId, 'two', 4_000)).toBe(true);
  });

  it('is due even if the clock was set back after it was postponed', async () => {
    const intentId = await abortOne();
    await opened.starts.postpone(intentId, HOUR_MS);
    await opened.pass(-24 * HOUR_MS);
    expect(await opened.starts.waitingRetries(intentId, 0)).toMatchObject([{ dueInMs: 0 }]);
    expect(await opened.starts.markSent(intentId, 'one', 4_000)).toBe(true);
  });

  it('cannot be sent again once its answer is overdue, and waits again if it was not accepted', async () => {
    const intentId = await abortOne();
    await opened.starts.markSent(intentId, 'one', 3_500);
    await opened.pass(ANSWER_DUE_MS);
    await opened.starts.settleOverdue(5_000);
    expect(await waitingRetries()).toEqual([]);
    expect(await opened.starts.markSent(intentId, 'two', 6_000)).toBe(false);
    await opened.starts.withdraw(intentId, 'one');
    expect(await waitingRetries()).toMatchObject([{ intentId }]);
  });

  it('is linked from both requests', async () => {
    await answer(await begin({ retryOnAbort: 2, caller: 'ann' }), 'submitted', '1');
    await abort('1');
    const [retry] = await waitingRetries();
    if (!retry) throw new Error('no retry');
    const none = { retryOf: null, retriedBy: null };
    expect(await opened.starts.lineages([toRef('1'), toRef('9')])).toEqual([
      { attempt: 1, startedBy: 'ann', ...none },
      { attempt: 1, startedBy: null, ...none },
    ]);
    await opened.starts.markSent(retry.intentId, 'retry', 3_500);
    await answer(retry, 'submitted', '2', 4_000);
    expect(await opened.log.find([toRef('2')])).toMatchObject([{ startedAt: 3_500 }]);
    expect(await opened.starts.lineages([toRef('1'), toRef('2')])).toEqual([
      { attempt: 1, startedBy: 'ann', retryOf: null, retriedBy: toRef('2') },
      { attempt: 2, startedBy: 'ann', retryOf: toRef('1'), retriedBy: null },
    ]);
    await abort('2', 5_000);
    expect(await waitingRetries()).toMatchObject([
      { attempt: 3, retryOnAbort: 0, retryOf: toRef('2') },
    ]);
  });
});
