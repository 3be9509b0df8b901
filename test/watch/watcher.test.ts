import { describe, expect, it } from '@jest/globals';
import { CallCongestedError, UpstreamError } from '../../src/ingestion/gateway-error.js';
import type { ReportedState, RequestRef } from '../../src/ingestion/ingestion-request.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { noWatcherEvents, openMemoryWatches } from '../support/memory-watches.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };
const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
const finished: ReportedState = { status: 'SUCCESS', info: 'done', batchId: null, numRecords: 15 };
const down = new UpstreamError('UPSTREAM_UNAVAILABLE', 'The upstream is down.');

type Answer = ReportedState | null | Error;

async function createSubject(answers: Answer[] = []) {
  const clock = createManualClock();
  const { database, log, queue } = await openMemoryWatches(clock);
  const calls: number[] = [];
  const expedites: RequestRef[] = [];
  const regressions: string[] = [];
  const failures: number[] = [];
  const forgotten: RequestRef[] = [];
  let answerNext: ((answer: Answer) => void) | null = null;
  const watcher = createWatcher({
    upstream: {
      expedite: (expedited) => expedites.push(expedited),
      status(_ref, _waiting, onTurn) {
        onTurn?.();
        calls.push(clock.now());
        const scripted = answers.shift();
        const answer: Promise<Answer> =
          scripted === undefined
            ? new Promise((resolve) => {
                answerNext = resolve;
              })
            : Promise.resolve(scripted);
        return answer.then((given) => {
          if (given instanceof Error) throw given;
          return given;
        });
      },
    },
    log,
    clock,
    queue,
    plan: { minMs: 1_000, maxMs: 30_000, maxWaitingPolls: 1e6, pollPriceMs: 100 },
    random: () => 0,
    events: {
      ...noWatcherEvents,
      onRegression: (_ref, known, seen) => regressions.push(`${known} → ${seen}`),
      onPollFailed: (_ref, _error, count) => failures.push(count),
      onForgotten: (gone) => forgotten.push(gone),
    },
  });
  watcher.start();
  await settle();
  const answer = (given: Answer) => answerNext?.(given);
  const heard = { calls, expedites, regressions, failures, forgotten };
  return { clock, database, log, queue, watcher, ...heard, answer };
}

describe('the watcher', () => {
  it('polls a request from its first observation until its terminal one', async () => {
    const { queue, watcher, clock, calls, log } = await createSubject([running, running, finished]);
    await watcher.observe(ref, running);
    await clock.advance(60_000);
    expect(calls).toHaveLength(3);
    expect(await queue.count()).toBe(0);
    expect((await log.read({ kind: 'all' }, 0, 10)).map(({ to }) => to.status)).toEqual([
      'IN_PROGRESS',
      'SUCCESS',
    ]);
  });

  it('polls a request less often the older it is', async () => {
    const { watcher, clock, calls } = await createSubject(Array<Answer>(100).fill(running));
    await watcher.observe(ref, running);
    await clock.advance(200_000);
    const gaps = calls.slice(1).map((at, i) => at - (calls[i] ?? 0));
    expect(gaps[0]).toBeLessThan(1_200);
    expect(gaps.at(-1)).toBeGreaterThan(5_000);
  });

  it('asks the database with the same statements at any time, so that each is compiled once', async () => {
    const { watcher, clock, database } = await createSubject(Array<Answer>(200).fill(running));
    await watcher.observe(ref, running);
    await clock.advance(60_000);
    const { statements } = database;
    await clock.advance(600_000);
    expect(database.statements).toEqual(statements);
  });

  it('polls once for all concurrent callers', async () => {
    const { watcher, calls, answer } = await createSubject();
    await watcher.observe(ref, running);
    const asked = Array.from({ length: 1_000 }, () => watcher.poll(ref, 'somebody'));
    await settle();
    answer(running);
    const records = await Promise.all(asked);
    expect(calls).toHaveLength(1);
    expect(records.every((record) => record?.state.status === 'IN_PROGRESS')).toBe(true);
  });

  it('speeds up a queued background poll when somebody asks', async () => {
    const { watcher, clock, calls, expedites, answer } = await createSubject();
    await watcher.observe(ref, running);
    await clock.advance(1_100);
    expect(expedites).toEqual([]);
    const asked = watcher.poll(ref, 'somebody');
    answer(running);
    await settle();
    await clock.advance(100);
    await asked;
    expect(expedites).toEqual([ref]);
    expect(calls).toHaveLength(1);
  });

  it('replans the next poll when somebody asks in between', async () => {
    const { watcher, clock, calls } = await createSubject([running, running]);
    await watcher.observe(ref, running);
    await clock.advance(600);
    await watcher.poll(ref, 'somebody');
    await clock.advance(900);
    expect(calls).toHaveLength(1);
    await clock.advance(200);
    expect(calls).toHaveLength(2);
  });

  it('continues after failed polls, more slowly, and changes no status', async () => {
    const { watcher, clock, calls, failures, log } = await createSubject([
      down,
      down,
      running,
      finished,
    ]);
    await watcher.observe(ref, running);
    await clock.advance(1_100);
    expect(await watcher.report(ref)).toMatchObject({
      consecutiveFailures: 1,
      lastFailure: { code: 'UPSTREAM_UNAVAILABLE', message: 'The upstream is down.' },
    });
    await clock.advance(2_000);
    expect(await watcher.report(ref)).toMatchObject({ consecutiveFailures: 2 });
    expect(await log.find([ref])).toMatchObject([{ state: running }]);
    await clock.advance(3_900);
    expect(await watcher.report(ref)).toMatchObject({ consecutiveFailures: 0, lastFailure: null });
    await clock.advance(60_000);
    expect(calls).toHaveLength(4);
    expect(failures).toEqual([1, 2]);
    expect(await log.find([ref])).toMatchObject([{ state: finished }]);
  });

  it('waits as long as a rate-limited upstream requests', async () => {
    const limited = new UpstreamError('UPSTREAM_RATE_LIMITED', 'Slow down.', {
      retryAfterMs: 90_000,
    });
    const { watcher, clock, calls } = await createSubject([limited, running]);
    await watcher.observe(ref, running);
    await clock.advance(90_000);
    expect(calls).toHaveLength(1);
    await clock.advance(2_000);
    expect(calls).toHaveLength(2);
  });

  it('does not count a poll without room in the queue as failed', async () => {
    const congested = new CallCongestedError('No room.', 5_000);
    const { watcher, clock, calls, failures } = await createSubject([congested, running]);
    await watcher.observe(ref, running);
    await clock.advance(1_040);
    expect(await watcher.report(ref)).toMatchObject({
      consecutiveFailures: 0,
      lastFailure: null,
      lastPolledAt: null,
    });
    expect(failures).toEqual([]);
    await clock.advance(5_000);
    expect(calls.length).toBeGreaterThanOrEqual(2);
  });

  it('remembers an unknown request for a moment, until it is observed', async () => {
    const { watcher, clock } = await createSubject([null, null]);
    await clock.advance(1);
    expect(watcher.isUnknown(ref)).toBe(false);
    await watcher.poll(ref, 'somebody');
    expect(watcher.isUnknown(ref)).toBe(true);
    await clock.advance(2_999);
    expect(watcher.isUnknown(ref)).toBe(true);
    await clock.advance(2);
    expect(watcher.isUnknown(ref)).toBe(false);
    await watcher.poll(ref, 'somebody');
    await watcher.observe(ref, running);
    expect(watcher.isUnknown(ref)).toBe(false);
    await watcher.stop();
  });

  it('reports a request that was unknown for an hour, and stops polling it', async () => {
    const { watcher, clock, calls, forgotten } = await createSubject(
      Array<Answer>(1_000).fill(null),
    );
    await watcher.observe(ref, running);
    await clock.advance(1.1 * 3_600_000);
    expect(forgotten).toEqual([ref]);
    const count = calls.length;
    // Many times the longest delay between two polls.
    await clock.advance(600_000);
    expect(calls).toHaveLength(count);
    await watcher.stop();
  });

  it('counts a forgotten request as a failed poll, not as an end', async () => {
    const { watcher, clock } = await createSubject([null]);
    await watcher.observe(ref, running);
    await clock.advance(1_100);
    expect(await watcher.report(ref)).toMatchObject({
      lastFailure: { code: 'INGESTION_REQUEST_NOT_FOUND' },
    });
  });

  it('reports an internal error without its text', async () => {
    const { watcher, clock } = await createSubject([
      new TypeError('x is not a function at /srv/app'),
    ]);
    await watcher.observe(ref, running);
    await clock.advance(1_100);
    expect((await watcher.report(ref))?.lastFailure).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      message: 'The poll failed inside the gateway.',
      at: expect.any(Number),
    });
  });

  it('does not watch a request that the upstream does not know', async () => {
    const { queue, watcher, log } = await createSubject([null]);
    expect(await watcher.poll(ref, 'somebody')).toBeNull();
    expect(await queue.count()).toBe(0);
    expect(await log.find([ref])).toEqual([null]);
  });

  it('reports a failed first poll to its caller, and does not watch', async () => {
    const { queue, watcher } = await createSubject([down]);
    await expect(watcher.poll(ref, 'somebody')).rejects.toBe(down);
    expect(await queue.count()).toBe(0);
  });

  it('watches a running request that somebody asks about', async () => {
    const { queue, watcher, clock, calls } = await createSubject([running, finished]);
    await watcher.poll(ref, 'somebody');
    expect(await queue.count()).toBe(1);
    await clock.advance(1_100);
    expect(calls).toHaveLength(2);
    expect(await queue.count()).toBe(0);
  });

  it('reports a contradicted terminal status, and keeps the status', async () => {
    const { queue, watcher, regressions, log } = await createSubject();
    await watcher.observe(ref, finished);
    const record = await watcher.observe(ref, running);
    expect(regressions).toEqual(['SUCCESS → IN_PROGRESS']);
    expect(record.state).toEqual(finished);
    expect(await log.find([ref])).toMatchObject([{ state: finished }]);
    expect(await queue.count()).toBe(0);
  });

  it('ends its loops and polls when stopped', async () => {
    const { watcher, clock, calls, answer } = await createSubject();
    await watcher.observe(ref, running);
    await clock.advance(1_100);
    const stopped = watcher.stop();
    answer(running);
    await stopped;
    await clock.advance(60_000);
    expect(calls).toHaveLength(1);
    expect(clock.pendingCount).toBe(0);
    await expect(watcher.poll(ref, 'somebody')).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
    });
  });
});
