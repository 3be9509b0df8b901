import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createSharedCallBudget } from '../../src/datasources/replicas/call-budget.shared.js';
import { createCallBudget } from '../../src/datasources/upstream/call-budget.js';
import { createCallCircuit } from '../../src/datasources/upstream/call-circuit.js';
import { startDeadline } from '../../src/datasources/upstream/call-deadline.js';
import { CallFailure } from '../../src/datasources/upstream/campaign.failure.js';
import { UpstreamError } from '../../src/ingestion/gateway-error.js';
import type { ReportedState, RequestRef } from '../../src/ingestion/ingestion-request.js';
import { ingestionStatus } from '../../src/ingestion/ingestion-status.js';
import type { CallPurpose, Clock } from '../../src/ingestion/ports.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { noWatcherEvents, openMemoryWatches } from '../support/memory-watches.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const REPLICAS = 2;
const MAX_RPS = 4;
const MAX_GAP_MS = 8_000;

const running: ReportedState = { status: 'IN_PROGRESS', info: 'running', batchId: null };
const limited = () =>
  new CallFailure(new UpstreamError('UPSTREAM_RATE_LIMITED', 'slow', { retryAfterMs: 5_000 }));
const inTrouble = () =>
  new CallFailure(new UpstreamError('UPSTREAM_UNAVAILABLE', 'down'), { isTrouble: true });

type Mood = 'well' | 'limiting' | 'failing';

type Step =
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'jump'; readonly by: number; readonly ms: number }
  | { readonly kind: 'mood'; readonly mood: Mood }
  | { readonly kind: 'begin'; readonly by: number }
  | { readonly kind: 'ask'; readonly by: number; readonly maxAgeMs: number };

const by = fc.nat(REPLICAS - 1);
const jumps = fc.constantFrom(-DAY_MS, -HOUR_MS, HOUR_MS, DAY_MS);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.nat(15_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('jump'), by, ms: jumps }) },
  fc.record({
    kind: fc.constant('mood'),
    mood: fc.constantFrom<Mood[]>('well', 'limiting', 'failing'),
  }),
  fc.record({ kind: fc.constant('begin'), by }),
);
const ask = fc.record({ kind: fc.constant('ask'), by, maxAgeMs: fc.nat(20_000) });

/** Two replicas with everything in them that measures time, in front of an unreliable upstream. */
async function createCluster(isShared: boolean) {
  const base = createManualClock();
  const setByMs = Array.from({ length: REPLICAS }, () => 0);
  const { log, queue } = await openMemoryWatches(base);
  const observedMs = new Map<string, number>();
  let mood: Mood = 'well';
  let nextCallMs = 0;
  let requestCount = 0;

  const reservations = {
    async reserve(count: number) {
      const firstMs = Math.max(nextCallMs, base.monotonicMs());
      nextCallMs = firstMs + (count / MAX_RPS) * 1_000;
      return firstMs - base.monotonicMs();
    },
    async pause(delayMs: number) {
      nextCallMs = Math.max(nextCallMs, base.monotonicMs() + delayMs);
    },
  };

  const members = setByMs.map((_, index) => {
    const clock: Clock = { ...base, now: () => base.now() + (setByMs[index] ?? 0) };
    const budget = isShared
      ? createSharedCallBudget(reservations, clock, MAX_RPS)
      : createCallBudget(clock, MAX_RPS);
    const circuit = createCallCircuit(clock, { failuresToOpen: 3, pauseMs: 10_000 });

    async function answer(): Promise<ReportedState | CallFailure> {
      if (mood === 'failing') return inTrouble();
      if (mood === 'well') return running;
      budget.hold(5_000);
      return limited();
    }

    const upstream = {
      expedite() {},
      async status({ requestId }: RequestRef, purpose: CallPurpose, onTurn?: () => void) {
        const deadline = startDeadline(clock, 10_000);
        try {
          await budget.turn({ purpose }, deadline);
          onTurn?.();
          const result = await circuit.run(answer);
          if (result instanceof CallFailure) throw result.error;
          observedMs.set(requestId, base.monotonicMs());
          return result;
        } finally {
          deadline.release();
        }
      },
    };
    const watcher = createWatcher({
      upstream,
      log,
      clock,
      plan: { minMs: 1_000, maxMs: MAX_GAP_MS, maxWaitingPolls: 2, pollPriceMs: 100 },
      queue,
      events: noWatcherEvents,
      random: () => 0.5,
    });
    return { clock, watcher, budget };
  });
  for (const { watcher } of members) watcher.start();
  await settle();

  return {
    agesMs: () => [...observedMs.values()].map((atMs) => base.monotonicMs() - atMs),
    async take(next: Step): Promise<void> {
      const member = members['by' in next ? next.by : 0];
      if (!member) throw new Error('There is no such replica.');
      switch (next.kind) {
        case 'pass':
          await base.advance(next.ms);
          return;
        case 'jump':
          setByMs[next.by] = (setByMs[next.by] ?? 0) + next.ms;
          return;
        case 'mood':
          mood = next.mood;
          return;
        case 'begin': {
          requestCount += 1;
          const requestId = String(requestCount);
          observedMs.set(requestId, base.monotonicMs());
          await member.watcher.observe({ mappingId: 'm', requestId }, running);
          return;
        }
        case 'ask': {
          if (requestCount === 0) return;
          const ref = { mappingId: 'm', requestId: String(requestCount) };
          const [known = null] = await log.find([ref]);
          const { watcher, clock } = member;
          const asked = ingestionStatus(
            { watches: watcher, clock, pollMaxMs: MAX_GAP_MS },
            ref,
            known,
            { maxAgeMs: next.maxAgeMs, caller: 'somebody' },
          );
          const oldestMs = base.monotonicMs() - next.maxAgeMs;
          let toldMs: number | null = null;
          void asked.then(
            () => {
              toldMs = observedMs.get(ref.requestId) ?? 0;
            },
            () => {
              // A refused look-up proves nothing.
              toldMs = oldestMs;
            },
          );
          // The database answers while no time passes. In small steps, because the answer may wait for the clock again.
          for (let step = 0; toldMs === null && step < 5_000; step += 1) {
            await base.advance(step % 5 === 4 ? 20 : 0);
          }
          expect(toldMs).not.toBeNull();
          // As old as it was when it was asked for: the answer takes a while, too.
          expect(toldMs).toBeGreaterThanOrEqual(oldestMs);
        }
      }
    },
    async stop() {
      const stopped = members.map(({ watcher }) => watcher.stop());
      // Polls that wait for a turn get it, or are too late.
      await base.advance(20_000);
      await Promise.all(stopped);
      for (const { budget } of members) budget.close();
    },
  };
}

/** The time since each request was last observed, in ms, after the upstream was well for a minute. */
async function ageAfter(steps: readonly Step[], isShared: boolean): Promise<readonly number[]> {
  const cluster = await createCluster(isShared);
  for (const next of steps) await cluster.take(next);
  await cluster.take({ kind: 'mood', mood: 'well' });
  await cluster.take({ kind: 'pass', ms: 60_000 });
  const agesMs = cluster.agesMs();
  await cluster.stop();
  return agesMs;
}

describe('clocks that jump both ways, by an hour and a day,', () => {
  it.each([
    ['separate budgets', false],
    ['a shared budget', true],
  ])('stop no request from being polled by replicas with %s', async (_, isShared) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        for (const ageMs of await ageAfter(steps as Step[], isShared)) {
          expect(ageMs).toBeLessThan(MAX_GAP_MS + 12_000);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('never return anything older than requested', async () => {
    const steps = fc.array(fc.oneof(step, ask), { maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        await ageAfter(taken as Step[], true);
      }),
      { numRuns: 30 },
    );
  });
});
