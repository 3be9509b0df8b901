import { describe, expect, it } from '@jest/globals';
import type { ReportedState } from '../../../src/ingestion/ingestion-request.js';
import { START_KEPT_MS } from '../../../src/ingestion/start-intent.js';
import { ANSWER_DUE_MS } from '../../support/open-start-log.js';
import { running, SENDING, toRef, toStart, unknown, useStartLog } from './start-log-harness.js';

const opened = useStartLog();
const { begin, beginUnknown, answer, look } = opened;

const HOUR_MS = 3_600_000;
const aborted: ReportedState = { status: 'ABORTED', info: 'aborted', batchId: null };

describe('a listing by caller', () => {
  it('contains what the caller started, and not what was already in progress', async () => {
    const [ofAda, ofBo, late] = [
      await begin({ caller: 'ada' }),
      await begin({ caller: 'bo' }),
      await begin({ caller: 'ada' }),
    ];
    await answer(ofAda, 'submitted', '1');
    await answer(ofBo, 'submitted', '2');
    await answer(late, 'alreadyInProgress', '2');
    const listed = async (startedBy: string) =>
      (await opened.log.list({ startedBy }, null, 10)).map(({ ref }) => ref.requestId);
    expect(await listed('ada')).toEqual(['1']);
    expect(await listed('bo')).toEqual(['2']);
    expect(await listed('nobody')).toEqual([]);
  });
});

it('finds the lineage of a hundred thousand requests quickly', async () => {
  await answer(await begin({ caller: 'ann' }), 'submitted', '7');
  const refs = Array.from({ length: 100_000 }, (_, index) => toRef(String(index)));
  const lineages = await opened.starts.lineages(refs);
  expect(lineages).toHaveLength(refs.length);
  expect(lineages.map(({ startedBy }) => startedBy).indexOf('ann')).toBe(7);
});

describe('an idempotency key', () => {
  it('begins one of two concurrent starts, and shows it to the other', async () => {
    const start = toStart({ idempotencyKey: 'k' });
    const both = await Promise.all([
      opened.starts.begin(start, 'one'),
      opened.starts.begin(start, 'other'),
    ]);
    expect(both.map(({ kind }) => kind)).toEqual(['begun', 'known']);
    expect(both[0]?.intent).toEqual(both[1]?.intent);
  });

  it('belongs to one caller', async () => {
    await begin({ idempotencyKey: 'k' });
    const other = await opened.starts.begin(
      toStart({ idempotencyKey: 'k', caller: 'ann' }),
      SENDING,
    );
    expect(other.kind).toBe('begun');
  });

  it('is known after a restart, with the outcome of its start', async () => {
    const intent = await begin({ idempotencyKey: 'k' });
    await answer(intent, 'submitted', '1');
    await opened.reopen();
    const { kind, intent: known } = await opened.starts.begin(
      toStart({ idempotencyKey: 'k' }),
      SENDING,
    );
    expect(kind).toBe('known');
    expect(known.state).toEqual({
      kind: 'submitted',
      ref: toRef('1'),
      message: 'answered submitted',
      settledAt: 2_000,
    });
  });

  it('is kept for exactly 24 hours', async () => {
    const first = await begin({ idempotencyKey: 'k' });
    const until = 1_000 + START_KEPT_MS;
    const kinds: string[] = [];
    for (const createdAt of [until - 1, until]) {
      const { kind } = await opened.starts.begin(
        toStart({ idempotencyKey: 'k', createdAt }),
        SENDING,
      );
      kinds.push(kind);
    }
    expect(kinds).toEqual(['known', 'begun']);
    // The earlier start with this key can still be reported.
    expect((await look(first)).idempotencyKey).toBe('k');
  });

  it('is free again when the start was certainly not accepted', async () => {
    const { intentId } = await begin({ idempotencyKey: 'k' });
    await opened.starts.withdraw(intentId, SENDING);
    await opened.starts.withdraw(intentId, SENDING);
    expect(await opened.starts.begin(toStart({ idempotencyKey: 'k' }), 'next')).toMatchObject({
      kind: 'begun',
    });
  });
});

describe('a start', () => {
  it('is not resolved after it was withdrawn, and says so', async () => {
    const intent = await beginUnknown();
    await opened.starts.withdraw(intent.intentId, SENDING);
    await expect(look(intent)).rejects.toMatchObject({
      name: 'StartForgottenError',
      message: `The log no longer has the start ${intent.intentId}.`,
    });
  });

  it('cannot begin when the log is full', async () => {
    await opened.setFull(true);
    const fill = async () => {
      for (;;) await begin({ idempotencyKey: 'x'.repeat(200), caller: crypto.randomUUID() });
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
      message: expect.stringContaining('nothing was sent'),
    });
  });

  it('is settled once: what comes later changes nothing', async () => {
    const intent = await begin();
    const refused = { kind: 'refused', message: 'no', settledAt: 2_000 } as const;
    await opened.starts.settle(intent.intentId, refused);
    await opened.starts.settle(intent.intentId, unknown(3_000));
    await answer(intent, 'submitted', '1');
    await opened.starts.withdraw(intent.intentId, SENDING);
    expect((await look(intent)).state).toEqual(refused);
  });

  it('becomes unknown once, when its answer is overdue', async () => {
    const left = await begin({ idempotencyKey: 'k' });
    await answer(await begin(), 'submitted', '1');
    expect(await opened.starts.answerDueInMs(left.intentId)).toBeLessThanOrEqual(ANSWER_DUE_MS);
    await opened.pass(ANSWER_DUE_MS - 5_000);
    expect(await opened.starts.answerDueInMs(left.intentId)).toBeGreaterThan(0);
    expect(await opened.starts.settleOverdue(4_000)).toEqual([]);
    await opened.pass(5_000);
    expect(await opened.starts.answerDueInMs(left.intentId)).toBe(0);
    expect(await opened.starts.settleOverdue(5_000)).toMatchObject([
      { intentId: left.intentId, state: { kind: 'unknown', settledAt: 5_000 } },
    ]);
    expect(await opened.starts.answerDueInMs(left.intentId)).toBeNull();
    expect(await opened.starts.settleOverdue(6_000)).toEqual([]);
  });

  it('is overdue immediately when a file is reopened, and at its deadline in a shared database', async () => {
    await begin();
    await opened.reopen();
    const isShared = globalThis.logDatabaseKind === 'postgres';
    expect(await opened.starts.settleOverdue(5_000)).toHaveLength(isShared ? 0 : 1);
    await opened.pass(ANSWER_DUE_MS);
    expect(await opened.starts.settleOverdue(5_000)).toHaveLength(isShared ? 1 : 0);
  });

  it('is overdue even if the clock was set back after it was sent', async () => {
    await begin();
    await opened.pass(-24 * HOUR_MS);
    expect(await opened.starts.settleOverdue(5_000)).toHaveLength(1);
  });

  it('takes its outcome from a late answer', async () => {
    const late = await begin();
    await opened.pass(ANSWER_DUE_MS);
    await opened.starts.settleOverdue(5_000);
    await answer(late, 'submitted', '1', 6_000);
    expect((await look(late)).state).toMatchObject({ kind: 'submitted', ref: toRef('1') });
  });

  it('is forgotten when a late answer says that it was not accepted', async () => {
    const { intentId } = await begin({ idempotencyKey: 'k' });
    await opened.pass(ANSWER_DUE_MS);
    await opened.starts.settleOverdue(5_000);
    await opened.starts.withdraw(intentId, 'another sending');
    const again = () => opened.starts.begin(toStart({ idempotencyKey: 'k' }), SENDING);
    expect(await again()).toMatchObject({ kind: 'known', intent: { state: { kind: 'unknown' } } });
    await opened.starts.withdraw(intentId, SENDING);
    expect(await again()).toMatchObject({ kind: 'begun' });
  });

  it.each(['sent', 'unknown'] as const)(
    'is settled although a version without sendings left it %s',
    async (state) => {
      const left = await begin();
      if (state === 'unknown') await opened.starts.settle(left.intentId, unknown(2_000));
      await opened.forgetSendings();
      expect(await opened.starts.settleOverdue(5_000)).toHaveLength(state === 'sent' ? 1 : 0);
      await answer(left, 'submitted', '1', 6_000);
      expect((await look(left)).state).toMatchObject({ kind: 'submitted' });
    },
  );

  it('is settled in the commit that stores its request, or not at all', async () => {
    const intent = await begin();
    await opened.setFull(true);
    const info = 'x'.repeat(100_000);
    const answers = { intentId: intent.intentId, kind: 'submitted', message: 'ok' } as const;
    const observation = { ref: toRef('1'), seen: { ...running, info }, observedAt: 2_000, answers };
    await expect(opened.log.append(observation)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect((await look(intent)).state).toEqual({ kind: 'sent' });
    expect(await opened.log.find([toRef('1')])).toEqual([null]);
    await opened.setFull(false);
    await opened.log.append(observation);
    expect((await look(intent)).state).toMatchObject({ kind: 'submitted', ref: toRef('1') });
    expect(await opened.log.find([toRef('1')])).toMatchObject([{ startedAt: 1_000 }]);
  });
});

describe('pruning', () => {
  it('forgets old starts without a request, in steps, and no others', async () => {
    await beginUnknown();
    await beginUnknown({ createdAt: 1_001 });
    await begin({ createdAt: 1_002 });
    await answer(await begin({ createdAt: 1_003 }), 'submitted', '1');
    const young = await beginUnknown({ createdAt: 9_000 });
    const counts: number[] = [];
    for (let step = 0; step < 3; step += 1) counts.push(await opened.starts.prune(9_000, 1));
    expect(counts).toEqual([1, 1, 0]);
    expect((await look(young)).state.kind).toBe('unknown');
    await opened.pass(ANSWER_DUE_MS);
    expect(await opened.starts.settleOverdue(9_000)).toHaveLength(1);
  });

  it('forgets a start with its request, and never retries a request a second time', async () => {
    const intent = await begin({ retryOnAbort: 1 });
    await answer(intent, 'submitted', '1');
    await opened.log.append({ ref: toRef('1'), seen: aborted, observedAt: 3_000 });
    const [retry] = await opened.starts.waitingRetries(0, 0);
    const intentId = retry?.intent.intentId ?? 0;
    await opened.starts.settle(intentId, { ...unknown(4_000), kind: 'abandoned' });
    await opened.starts.prune(100_000, 10);
    expect((await opened.starts.resolveUnknown(intentId, [], 5_000)).state.kind).toBe('abandoned');
    expect(await opened.log.prune(100_000, 10)).toBe(1);
    await expect(look(intent)).rejects.toThrow();
    await expect(opened.starts.resolveUnknown(intentId, [], 5_000)).rejects.toThrow();
  });
});
