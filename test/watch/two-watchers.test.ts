import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createIngestionLog } from '../../src/datasources/log/ingestion-log.datasource.js';
import { openWatchQueue } from '../../src/datasources/log/watch-queue.datasource.js';
import { UpstreamError } from '../../src/ingestion/gateway-error.js';
import {
  ingestionStatuses,
  isTerminal,
  type ReportedState,
  type RequestRef,
  toRequestKey,
} from '../../src/ingestion/ingestion-request.js';
import type { Clock, IngestionLog, Upstream, WatchQueue } from '../../src/ingestion/ports.js';
import type { Transition } from '../../src/ingestion/transition.js';
import { createHub } from '../../src/watch/hub.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { deleteDatabase, openTestLog } from '../support/log-database.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { noWatcherEvents, openMemoryWatches } from '../support/memory-watches.js';

const requestIds = ['1', '2', '3'];
const refs = requestIds.map((requestId): RequestRef => ({ mappingId: 'm', requestId }));

/** The answers to polls of a request, in order, whoever sends them: statuses that repeat, skip and go back. */
const answers = fc.array(fc.constantFrom(...ingestionStatuses, 'FAULT' as const), { maxLength: 8 });
/** How long each answer and commit takes, in ms, so that anything can overtake anything. */
const delays = fc.array(fc.nat(3_000), { minLength: 8, maxLength: 40 });
const scenario = fc.record({
  byRequest: fc.tuple(answers, answers, answers),
  delays,
  first: fc.array(fc.tuple(fc.nat(1), fc.nat(2)), { minLength: 1, maxLength: 6 }),
});

function toState(status: ReportedState['status']): ReportedState {
  const state = { info: status, batchId: null };
  return status === 'SUCCESS' ? { ...state, status, numRecords: 1 } : { ...state, status };
}

/** All kinds of listeners: to everything, to the mapping, and to each request. */
function listen(log: IngestionLog) {
  const hub = createHub();
  log.onAppended((transition) => hub.publish(transition));
  const heard: { all: Transition[]; mapping: Transition[]; byRequest: Transition[][] } = {
    all: [],
    mapping: [],
    byRequest: refs.map(() => []),
  };
  hub.register({ kind: 'all' }, (transition) => heard.all.push(transition));
  hub.register({ kind: 'mappings', mappingIds: ['m'] }, (transition) =>
    heard.mapping.push(transition),
  );
  for (const [index, ref] of refs.entries()) {
    hub.register({ kind: 'request', ref }, (transition) =>
      heard.byRequest[index]?.push(transition),
    );
  }
  return heard;
}

async function expectOnePathEach(log: IngestionLog, heard: ReturnType<typeof listen>) {
  const all = await log.read({ kind: 'all' }, 0, 1_000);
  expect(all.map(({ position }) => position)).toEqual(all.map((_, index) => index + 1));
  expect(heard.all).toEqual(all);
  expect(heard.mapping).toEqual(all);
  for (const [index, ref] of refs.entries()) {
    const path = all.filter((transition) => toRequestKey(transition.ref) === toRequestKey(ref));
    expect(heard.byRequest[index]).toEqual(path);
    expect(path.map(({ from }) => from)).toEqual(
      [null, ...path.map(({ to }) => to.status)].slice(0, path.length),
    );
    expect(path.slice(0, -1).some(({ to }) => isTerminal(to.status))).toBe(false);
  }
  return all;
}

function createWatchers(
  upstream: Pick<Upstream, 'status' | 'expedite'>,
  log: IngestionLog,
  queue: WatchQueue,
  clock: Clock,
) {
  const options = {
    upstream,
    log,
    clock,
    queue,
    plan: { minMs: 1_000, maxMs: 5_000, maxWaitingPolls: 1e6, pollPriceMs: 100 },
    events: noWatcherEvents,
  };
  return [createWatcher(options), createWatcher(options)] as const;
}

describe('two watchers on one log', () => {
  it('record one path of each request, and announce each transition once and in order to every listener', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ byRequest, delays, first }) => {
        const clock = createManualClock();
        let step = 0;
        const later = <T>(give: () => T | Promise<T>) =>
          new Promise<T>((resolve, reject) => {
            step += 1;
            clock.schedule(delays[step % delays.length] ?? 0, () => {
              Promise.resolve().then(give).then(resolve, reject);
            });
          });
        const { log, queue } = await openMemoryWatches(clock);
        const slowLog: IngestionLog = { ...log, append: (seen) => later(() => log.append(seen)) };
        const left = new Map(
          refs.map((ref, index) => [toRequestKey(ref), [...(byRequest[index] ?? [])]]),
        );
        const watchers = createWatchers(
          {
            expedite() {},
            status: (ref) =>
              later(() => {
                const status = left.get(toRequestKey(ref))?.shift() ?? 'FAILED';
                if (status !== 'FAULT') return toState(status);
                throw new UpstreamError('UPSTREAM_UNAVAILABLE', 'down');
              }),
          },
          slowLog,
          queue,
          clock,
        );
        const heard = listen(log);
        const asked = first.map(([who, which]) => {
          const ref = refs[which] ?? refs[0];
          return ref && watchers[who]?.poll(ref, 'somebody').catch(() => null);
        });
        // The polls have scheduled something to advance to.
        await settle();
        for (const watcher of watchers) watcher.start();
        await clock.advance(60_000);
        for (let rounds = 0; (await queue.count()) > 0; rounds += 1) {
          expect(rounds).toBeLessThan(60);
          await clock.advance(10_000);
        }
        await Promise.all(asked);
        await Promise.all(watchers.map((watcher) => watcher.stop()));
        const all = await expectOnePathEach(log, heard);
        for (const ref of refs) {
          const [record] = await log.find([ref]);
          if (record) expect(isTerminal(record.state.status)).toBe(true);
        }
        expect(new Set(all.map(({ ref, to }) => `${toRequestKey(ref)} ${to.status}`)).size).toBe(
          all.length,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('do so on a shared database, whatever they observe concurrently', async () => {
    const seen = fc.array(
      fc.tuple(fc.nat(1), fc.nat(2), fc.constantFrom(...ingestionStatuses), fc.boolean()),
      {
        maxLength: 40,
      },
    );
    await fc.assert(
      fc.asyncProperty(seen, async (observations) => {
        const dataDir = await mkdtemp(join(tmpdir(), 'log-'));
        const database = await openTestLog(dataDir);
        const log = await createIngestionLog(database);
        const heard = listen(log);
        const clock = createManualClock();
        const queue = await openWatchQueue({
          database,
          log,
          clock,
          holdMs: 15_000,
          maxRetryAfterMs: 600_000,
        });
        const upstream = { expedite() {}, status: async () => null };
        const watchers = createWatchers(upstream, log, queue, clock);
        let underWay: Promise<unknown>[] = [];
        for (const [who, which, status, isLast] of observations) {
          const ref = refs[which];
          if (ref) underWay.push(watchers[who]?.observe(ref, toState(status)) ?? Promise.resolve());
          if (!isLast) continue;
          await Promise.all(underWay);
          underWay = [];
        }
        await Promise.all(underWay);
        await expectOnePathEach(log, heard);
        await log.close();
        await deleteDatabase(dataDir);
      }),
      { numRuns: 25 },
    );
  });
});
