import { describe, expect, it } from '@jest/globals';
import { CommitUncertainError, LogUnavailableError } from '../../src/ingestion/gateway-error.js';
import { down, lost, mappingId, ref, taken, useRetries } from './retries-harness.js';

const { opened, clock, calls, answers, told, createSubject, abortOne, pass, nextTry, untilTried } =
  useRetries();

describe('retries', () => {
  it('submits once when several look repeatedly', async () => {
    await abortOne();
    answers.push(taken, taken, taken);
    const all = [createSubject(), createSubject(), createSubject()];
    await Promise.all([...all, ...all].map((retries) => retries.readLog()));
    expect(clock.pendingCount).toBe(3);
    await nextTry();
    await Promise.all(all.map((retries) => retries.stop()));
    expect(calls).toEqual([5_000]);
    expect(told).toEqual(['taken']);
  });

  it('never resubmits what may have been accepted', async () => {
    await abortOne();
    answers.push(lost);
    const retries = createSubject();
    await retries.readLog();
    await nextTry();
    await retries.readLog();
    expect(clock.pendingCount).toBe(0);
    await retries.stop();
    expect(told).toEqual(['unknown']);
    expect(await opened.starts.waitingRetries(0, 0)).toEqual([]);
  });

  it('submits nothing that it cannot record first, and submits it once it can', async () => {
    await abortOne();
    answers.push(taken);
    const retries = createSubject();
    await retries.readLog();
    // A full disk still allows pages in use to be overwritten, so the write fails in another way.
    const { markSent } = opened.starts;
    const refuse = () => Promise.reject(new Error('the disk is full'));
    Object.assign(opened.starts, { markSent: refuse });
    await nextTry();
    expect([told, calls]).toEqual([['Error: the disk is full'], []]);
    Object.assign(opened.starts, { markSent });
    await nextTry();
    expect([told.at(-1), calls]).toEqual(['taken', [10_000]]);
    await retries.stop();
  });

  it('submits a retry whose failed commit had in fact marked it as sent', async () => {
    await abortOne();
    answers.push(taken);
    const retries = createSubject();
    await retries.readLog();
    const { markSent } = opened.starts;
    const markUnheard: typeof markSent = async (intentId, sending, now) => {
      await markSent(intentId, sending, now);
      throw new CommitUncertainError('Nobody knows.');
    };
    Object.assign(opened.starts, { markSent: markUnheard });
    await nextTry();
    Object.assign(opened.starts, { markSent });
    await clock.scheduled(0, 10_000);
    await nextTry();
    expect([told.at(-1), calls]).toEqual(['taken', [10_000]]);
    await retries.stop();
  });

  it('never submits while another submission is in progress, however late the last one is withdrawn', async () => {
    await abortOne();
    const second = Promise.withResolvers<void>();
    answers.push(down, taken);
    const { withdraw } = opened.starts;
    const late = Promise.withResolvers<void>();
    const retries = createSubject();
    await retries.readLog();
    const refuse = () => Promise.reject(new LogUnavailableError('The database is away.'));
    Object.assign(opened.starts, { withdraw: refuse });
    await nextTry();
    // This withdrawal waits for a connection, and finishes much later.
    const begun = Promise.withResolvers<void>();
    const withdrawLate: typeof withdraw = async (intentId, sending) => {
      begun.resolve();
      await late.promise;
      await withdraw(intentId, sending);
      second.resolve();
    };
    Object.assign(opened.starts, { withdraw: withdrawLate });
    await pass(1_000);
    await begun.promise;
    Object.assign(opened.starts, { withdraw });
    await pass(20_000);
    late.resolve();
    await second.promise;
    while (told.at(-1) !== 'taken') await untilTried();
    await retries.readLog();
    expect(clock.pendingCount).toBe(0);
    expect([told, calls.length]).toEqual([['notTaken', 'taken'], 2]);
    await retries.stop();
  });

  it('does not mistake the end of an older request for that of the new one', async () => {
    await abortOne();
    const seen = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 } as const;
    await opened.log.append({ ref: { mappingId, requestId: '2' }, seen, observedAt: 1 });
    answers.push(taken);
    const retries = createSubject();
    await retries.readLog();
    await nextTry();
    await retries.readLog();
    expect([told, clock.pendingCount]).toEqual([['unknown'], 0]);
    expect(await opened.starts.lineages([ref])).toMatchObject([{ retriedBy: null }]);
    await retries.stop();
  });
});
