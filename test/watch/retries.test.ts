import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CommitUncertainError,
  LogUnavailableError,
  UpstreamError,
} from '../../src/ingestion/gateway-error.js';
import { createStartSender } from '../../src/ingestion/start-sender.js';
import type { Submission } from '../../src/ingestion/submission.js';
import { createRetries, type Retries } from '../../src/watch/retries.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { emptyQueue, noWatcherEvents } from '../support/memory-watches.js';
import { type OpenedLogs, openStartLog } from '../support/open-start-log.js';

const mappingId = 'XDM44';
const ref = { mappingId, requestId: '1' };
const down = new UpstreamError('UPSTREAM_UNAVAILABLE', 'The upstream is down.');
const busy = new UpstreamError('UPSTREAM_RATE_LIMITED', 'Slowly.', { retryAfterMs: 600_000 });
const lost = new UpstreamError('UPSTREAM_TIMEOUT', 'No answer.', { outcomeUnknown: true });
const taken: Submission = { kind: 'submitted', requestId: '2', info: 'submitted' };

const BACKOFF_MS = 5_000;

let opened: OpenedLogs;
let clock: ManualClock;
/** When the upstream received starts, in ms since the request was ABORTED. */
let calls: number[];
let answers: (Submission | Error)[];
let told: string[];
let abortedAt: number;

/** Waits for the outcome of the next retry, whose steps include disk writes. */
let tried: PromiseWithResolvers<void>;

beforeEach(async () => {
  clock = createManualClock();
  opened = await openStartLog(clock);
  calls = [];
  answers = [];
  told = [];
  tried = Promise.withResolvers();
  abortedAt = clock.now();
});

afterEach(() => opened.dispose());

function createSubject(): Retries {
  const upstream = {
    async start() {
      calls.push(clock.now() - abortedAt);
      const answer = answers.shift() ?? down;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    status: () => new Promise<never>(() => {}),
    expedite: () => {},
  };
  const watches = createWatcher({
    upstream,
    log: opened.log,
    clock,
    queue: emptyQueue,
    plan: { minMs: 1e9, maxMs: 1e9, maxWaitingPolls: 1e6, pollPriceMs: 100 },
    events: noWatcherEvents,
  });
  const { starts } = opened;
  const onOutcomeUnknown = () => {};
  const sender = createStartSender({
    upstream,
    watches,
    starts,
    clock,
    onOutcomeUnknown,
    onIdReused: () => {},
    onNamed: () => {},
  });
  return createRetries({
    starts,
    sender,
    clock,
    backoffMs: BACKOFF_MS,
    random: () => 0,
    events: {
      onTried(_intent, outcome) {
        told.push(outcome);
        tried.resolve();
        tried = Promise.withResolvers();
      },
      onFailed(error) {
        told.push(String(error));
        tried.resolve();
        tried = Promise.withResolvers();
      },
    },
  });
}

/** A request that is now ABORTED, and its retry. */
async function abortOne(): Promise<void> {
  const start = { mappingId, retryOnAbort: 1, caller: null, idempotencyKey: null };
  const { intent } = await opened.starts.begin({ ...start, createdAt: clock.now() }, 'first');
  const seen = { status: 'ABORTED', info: '', batchId: null } as const;
  const answer = { intentId: intent.intentId, kind: 'submitted', message: '' } as const;
  await opened.log.append({ ref, seen, observedAt: clock.now(), answers: answer });
}

/** Advance the time, also of a database with its own clock. */
async function pass(ms: number): Promise<void> {
  if (globalThis.logDatabaseKind === 'postgres') await opened.pass(ms);
  await clock.advance(ms);
}

/** Advance until the next retry is due, and wait for its outcome. */
async function nextTry(): Promise<void> {
  const { promise } = tried;
  const [dueMs] = clock.pendingMs();
  if (dueMs === undefined) throw new Error('No retry is waiting.');
  await pass(dueMs);
  await promise;
}

describe('retries', () => {
  it('waits before each submission, longer each time, up to five minutes, and gives up after an hour', async () => {
    await abortOne();
    const retries = createSubject();
    await retries.look();
    do await nextTry();
    while (told.at(-1) === 'notTaken');
    const gaps = calls.map((at, index) => at - (calls[index - 1] ?? 0));
    expect(gaps.slice(0, 7)).toEqual([5_000, 5_000, 10_000, 20_000, 40_000, 80_000, 160_000]);
    expect(new Set(gaps.slice(7))).toEqual(new Set([300_000]));
    expect(told.at(-1)).toBe('abandoned');
    expect(calls.at(-1)).toBeGreaterThanOrEqual(3_600_000);
    expect(calls.at(-2)).toBeLessThan(3_600_000);
    await retries.stop();
    expect(await opened.starts.waitingRetries(0, 0)).toEqual([]);
    expect(clock.pendingCount).toBe(0);
  });

  it('waits as long as the upstream requests', async () => {
    await abortOne();
    answers.push(busy, taken);
    const retries = createSubject();
    await retries.look();
    await nextTry();
    await nextTry();
    expect(calls).toEqual([5_000, 605_000]);
    expect(told).toEqual(['notTaken', 'taken']);
    await retries.stop();
  });

  it('submits once when several look repeatedly', async () => {
    await abortOne();
    answers.push(taken, taken, taken);
    const all = [createSubject(), createSubject(), createSubject()];
    await Promise.all([...all, ...all].map((retries) => retries.look()));
    expect(clock.pendingCount).toBe(3);
    await nextTry();
    await Promise.all(all.map((retries) => retries.stop()));
    expect(calls).toEqual([5_000]);
    expect(told).toEqual(['taken']);
  });

  it('submits overdue retries immediately, even after more than an hour', async () => {
    await abortOne();
    await pass(10_000_000);
    answers.push(taken);
    const retries = createSubject();
    await retries.look();
    await nextTry();
    expect(calls).toEqual([10_000_000]);
    await retries.stop();
  });

  it('waits no longer than by its own clock when another process’s clock is ahead', async () => {
    const ahead = createManualClock();
    await ahead.advance(3_600_000);
    const here = clock;
    clock = ahead;
    await abortOne();
    clock = here;
    answers.push(taken);
    const retries = createSubject();
    await retries.look();
    await nextTry();
    expect(calls).toEqual([5_000]);
    await retries.stop();
  });

  it('are sent when due, whoever postponed them, and no sooner when another is added', async () => {
    await abortOne();
    answers.push(down, busy, taken);
    const first = createSubject();
    await first.look();
    await nextTry();
    const newcomer = createSubject();
    await newcomer.look();
    // Both planned it for the same time; one sends it.
    expect(clock.pendingMs().map((ms) => Math.ceil(ms / 1_000))).toEqual([5, 5]);
    await nextTry();
    expect(calls.map((ms) => Math.round(ms / 1_000))).toEqual([5, 10]);
    await Promise.all([first.stop(), newcomer.stop()]);
    const last = createSubject();
    await last.look();
    await nextTry();
    expect(calls.map((ms) => Math.round(ms / 1_000))).toEqual([5, 10, 610]);
    expect(told.at(-1)).toBe('taken');
    await last.stop();
  });

  it('never resubmits what may have been accepted', async () => {
    await abortOne();
    answers.push(lost);
    const retries = createSubject();
    await retries.look();
    await nextTry();
    await retries.look();
    expect(clock.pendingCount).toBe(0);
    await retries.stop();
    expect(told).toEqual(['unknown']);
    expect(await opened.starts.waitingRetries(0, 0)).toEqual([]);
  });

  it('submits nothing that it cannot record first, and submits it once it can', async () => {
    await abortOne();
    answers.push(taken);
    const retries = createSubject();
    await retries.look();
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
    await retries.look();
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
    await retries.look();
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
    while (told.at(-1) !== 'taken') await tried.promise;
    await retries.look();
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
    await retries.look();
    await nextTry();
    await retries.look();
    expect([told, clock.pendingCount]).toEqual([['unknown'], 0]);
    expect(await opened.starts.lineages([ref])).toMatchObject([{ retriedBy: null }]);
    await retries.stop();
  });

  it('reads new retries once for all concurrent looks', async () => {
    const { waitingRetries } = opened.starts;
    const reads: number[] = [];
    Object.assign(opened.starts, {
      waitingRetries: async (newerThan: number, withinMs: number) => {
        const found = await waitingRetries(newerThan, withinMs);
        reads.push(found.length);
        return found;
      },
    });
    const retries = createSubject();
    for (const requestId of ['1', '2', '3']) {
      const start = { mappingId, retryOnAbort: 1, caller: null, idempotencyKey: null };
      const { intent } = await opened.starts.begin({ ...start, createdAt: clock.now() }, 'first');
      const answer = { intentId: intent.intentId, kind: 'submitted', message: '' } as const;
      const seen = { status: 'ABORTED', info: '', batchId: null } as const;
      const observedAt = clock.now();
      await opened.log.append({ ref: { mappingId, requestId }, seen, observedAt, answers: answer });
      await Promise.all(Array.from({ length: 20 }, () => retries.look()));
    }
    expect(reads).toEqual([1, 1, 1]);
    expect(clock.pendingCount).toBe(3);
    await retries.stop();
  });

  it('submits nothing once it is stopped', async () => {
    await abortOne();
    const retries = createSubject();
    await retries.look();
    await retries.stop();
    await retries.look();
    expect(clock.pendingCount).toBe(0);
    await pass(100_000);
    expect(calls).toEqual([]);
    expect(await opened.starts.waitingRetries(0, 0)).toHaveLength(1);
  });
});
