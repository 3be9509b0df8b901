import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReportedState, RequestRef } from '../../../src/ingestion/ingestion-request.js';
import {
  type NewStart,
  START_KEPT_MS,
  type StartIntent,
  type UnansweredStart,
} from '../../../src/ingestion/start-intent.js';
import { ANSWER_DUE_MS, type OpenedLogs, openStartLog } from '../../support/open-start-log.js';

const mappingId = 'XDM44';
const SENDING = 'the first sending';
const HOUR_MS = 3_600_000;
const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
const aborted: ReportedState = { status: 'ABORTED', info: 'aborted', batchId: null };

let opened: OpenedLogs;

beforeEach(async () => {
  opened = await openStartLog();
});

afterEach(() => opened.dispose());

const toRef = (requestId: string): RequestRef => ({ mappingId, requestId });

function toStart(changes: Partial<NewStart> = {}): NewStart {
  const start = {
    mappingId,
    retryOnAbort: 0,
    caller: null,
    idempotencyKey: null,
    createdAt: 1_000,
  };
  return { ...start, ...changes };
}

const begin = async (changes: Partial<NewStart> = {}): Promise<StartIntent> =>
  (await opened.starts.begin(toStart(changes), SENDING)).intent;

/** The answer that names a request, as the watcher tells the log of it. */
const answer = (
  { intentId }: StartIntent,
  kind: 'submitted' | 'alreadyInProgress',
  requestId: string,
  observedAt = 2_000,
) =>
  opened.log.append({
    ref: toRef(requestId),
    seen: running,
    observedAt,
    answers: { intentId, kind, message: `answered ${kind}` },
  });

const unknown = (settledAt: number): UnansweredStart => ({
  kind: 'unknown',
  code: 'UPSTREAM_TIMEOUT',
  message: 'no answer',
  settledAt,
});

/** The start as the log has it, with nothing seen running. */
const look = ({ intentId }: StartIntent, now = 10_000) =>
  opened.starts.resolveUnknown(intentId, [], now);

async function beginUnknown(changes: Partial<NewStart> = {}): Promise<StartIntent> {
  const intent = await begin(changes);
  await opened.starts.settle(intent.intentId, unknown(intent.createdAt + 500));
  return intent;
}

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
    opened = await opened.reopen();
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
    // The one that had it first is still to be told of.
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
    opened = await opened.reopen();
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

describe('a start with an unknown outcome', () => {
  it('adopts the request that the upstream names in answer to a later start', async () => {
    const lost = await beginUnknown();
    const later = await begin({ createdAt: 3_000 });
    const { record } = await answer(later, 'alreadyInProgress', '1', 4_000);
    expect(record.startedAt).toBe(1_000);
    expect((await look(lost)).state).toEqual({
      kind: 'submitted',
      ref: toRef('1'),
      message: 'answered alreadyInProgress',
      settledAt: 4_000,
    });
    expect((await look(later)).state).toMatchObject({ kind: 'alreadyInProgress' });
  });

  it('adopts a request only if it began it: the older of two did, the newer found it running', async () => {
    const older = await beginUnknown();
    const newer = await beginUnknown({ createdAt: 2_000 });
    await answer(await begin({ createdAt: 3_000 }), 'alreadyInProgress', '1', 4_000);
    const kinds = [await look(older), await look(newer)].map(({ state }) => state.kind);
    expect(kinds).toEqual(['submitted', 'alreadyInProgress']);
  });

  it('does not adopt a request named in an answer that may predate the start', async () => {
    const earlier = await begin({ createdAt: 500 });
    const lost = await beginUnknown();
    await answer(earlier, 'alreadyInProgress', '1', 4_000);
    // The answer was there at 4000; when it was given, nobody knows.
    expect((await look(lost)).state.kind).toBe('unknown');
    const { state } = await opened.starts.resolveUnknown(lost.intentId, [toRef('1')], 5_000);
    expect(state).toMatchObject({ kind: 'alreadyInProgress', ref: toRef('1') });
  });

  it('adopts nothing if a request ran before it and still runs after it', async () => {
    await opened.log.append({ ref: toRef('1'), seen: running, observedAt: 500 });
    const lost = await beginUnknown();
    expect((await look(lost)).state.kind).toBe('unknown');
    const { state } = await opened.starts.resolveUnknown(lost.intentId, [toRef('1')], 2_000);
    expect(state).toMatchObject({ kind: 'alreadyInProgress', ref: toRef('1') });
    expect(await opened.log.find([toRef('1')])).toMatchObject([{ startedAt: null }]);
  });

  it('does not adopt a request that another start began', async () => {
    const lost = await beginUnknown();
    await answer(await begin({ createdAt: 3_000 }), 'submitted', '1', 3_500);
    await answer(await begin({ createdAt: 4_000 }), 'alreadyInProgress', '1', 4_500);
    expect((await look(lost)).state.kind).toBe('unknown');
  });

  it('does not adopt a request that came after another accepted start, when its own had ended', async () => {
    const lost = await beginUnknown();
    await answer(await begin({ createdAt: 3_000 }), 'submitted', '1', 3_500);
    await answer(await begin({ createdAt: 4_000 }), 'alreadyInProgress', '2', 4_500);
    expect((await look(lost)).state.kind).toBe('unknown');
  });

  it('does not adopt a request of another mapping, or one that had ended when first seen', async () => {
    const lost = await beginUnknown();
    const other = { mappingId: 'TestDoc', requestId: '1' };
    await opened.log.append({ ref: other, seen: running, observedAt: 2_000 });
    await opened.log.append({ ref: toRef('2'), seen: aborted, observedAt: 2_000 });
    expect((await look(lost)).state.kind).toBe('unknown');
  });

  it('adopts a request seen running since then, even if that has ended', async () => {
    const lost = await beginUnknown();
    await opened.log.append({ ref: toRef('1'), seen: running, observedAt: 2_000 });
    await opened.log.append({ ref: toRef('1'), seen: aborted, observedAt: 3_000 });
    expect((await look(lost)).state).toMatchObject({ kind: 'submitted', message: 'running' });
    expect(await opened.log.find([toRef('1')])).toMatchObject([{ startedAt: 1_000 }]);
  });

  it('is looked for only as long as keys are kept', async () => {
    const lost = await beginUnknown();
    const tooLate = 1_000 + START_KEPT_MS;
    await answer(await begin({ createdAt: tooLate }), 'alreadyInProgress', '1', tooLate);
    expect((await look(lost, tooLate)).state.kind).toBe('unknown');
  });
});

describe('the retry of an ABORTED request', () => {
  const waitingRetries = async () =>
    (await opened.starts.waitingRetries(0, 0)).map(({ intent }) => intent);
  const abort = (requestId: string, observedAt = 3_000) =>
    opened.log.append({ ref: toRef(requestId), seen: aborted, observedAt });

  it('waits in the log from the commit that records ABORTED', async () => {
    await answer(await begin({ retryOnAbort: 2, caller: 'ann' }), 'submitted', '1');
    expect(await waitingRetries()).toEqual([]);
    await Promise.all([abort('1'), abort('1', 3_001)]);
    opened = await opened.reopen();
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

  /** A retry that waits. */
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
    // Until it is put off, others leave it to who took it back: no longer than the answer might have taken.
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
