import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createSharedCallBudget } from '../../src/datasources/replicas/call-budget.shared.js';
import { type CallBudget, createCallBudget } from '../../src/datasources/upstream/call-budget.js';
import { startDeadline } from '../../src/datasources/upstream/call-deadline.js';
import type { PacedCall } from '../../src/datasources/upstream/call-queue.js';
import { CallCongestedError } from '../../src/ingestion/gateway-error.js';
import type { CallPurpose } from '../../src/ingestion/ports.js';
import { createManualClock, type ManualClock, settle } from '../support/manual-clock.js';
import { createMemoryReservations } from '../support/memory-reservations.js';

const budgets: [name: string, create: (clock: ManualClock, maxRps: number) => CallBudget][] = [
  ['of one process', (clock, maxRps) => createCallBudget(clock, maxRps)],
  [
    'that replicas share',
    (clock, maxRps) =>
      createSharedCallBudget(createMemoryReservations(clock, maxRps).reservations, clock, maxRps),
  ],
];

const poll: CallPurpose = { kind: 'poll' };
const start = (caller: string): CallPurpose => ({ kind: 'start', caller });
const ask = (caller: string): CallPurpose => ({ kind: 'ask', caller });

interface Turn {
  readonly purpose: CallPurpose;
  readonly askedMs: number;
  readonly atMs: number;
}

function setUp(create: (typeof budgets)[number][1], maxRps: number) {
  const clock = createManualClock();
  const budget = create(clock, maxRps);
  const turns: Turn[] = [];
  const refused: unknown[] = [];
  /** Ask for a turn, and record how that ends. */
  async function take(call: PacedCall, timeoutMs = 60_000): Promise<boolean> {
    const askedMs = clock.monotonicMs();
    const deadline = startDeadline(clock, timeoutMs);
    try {
      await budget.turn(call, deadline);
      turns.push({ purpose: call.purpose, askedMs, atMs: clock.monotonicMs() });
      return true;
    } catch (error) {
      refused.push(error);
      return false;
    } finally {
      deadline.release();
    }
  }
  /** Keep so many calls waiting until this time. */
  function keep(count: number, purpose: CallPurpose, untilMs: number): void {
    for (let index = 0; index < count; index += 1) {
      void (async () => {
        while (clock.monotonicMs() < untilMs && (await take({ purpose })));
      })();
    }
  }
  return { clock, budget, turns, refused, take, keep };
}

const ofKind = (turns: readonly Turn[], kind: CallPurpose['kind']) =>
  turns.filter(({ purpose }) => purpose.kind === kind);

describe.each(budgets)('the budget %s', (_, create) => {
  it('gives polls every other turn while they wait, and starts precedence over status questions', async () => {
    const { clock, budget, turns, take } = setUp(create, 100);
    budget.hold(1_000);
    for (const purpose of [poll, poll, ask('a'), poll, start('b'), ask('a')])
      void take({ purpose });
    await settle();
    await clock.advance(2_000);
    expect(turns.map(({ purpose }) => purpose.kind)).toEqual([
      'start',
      'poll',
      'ask',
      'poll',
      'ask',
      'poll',
    ]);
    budget.close();
  });

  it('keeps polls going beside a caller who asks continuously', async () => {
    const { clock, budget, turns, keep } = setUp(create, 20);
    keep(80, ask('hostile'), 10_000);
    keep(30, poll, 10_000);
    await settle();
    await clock.advance(9_990);
    expect(ofKind(turns, 'poll').length).toBeGreaterThanOrEqual(90);
    expect(turns.length).toBeGreaterThanOrEqual(0.95 * 200);
    budget.close();
  });

  it.each([2, 20, 100])(
    'gives polls all of %s turns a second when nobody else needs one',
    async (maxRps) => {
      const { clock, budget, turns, keep } = setUp(create, maxRps);
      keep(2 * maxRps, poll, 20_000);
      await settle();
      await clock.advance(4_990);
      budget.close();
      expect(turns.length).toBeGreaterThanOrEqual(0.95 * 5 * maxRps);
      expect(turns.length).toBeLessThanOrEqual(5 * maxRps);
    },
  );

  it('makes each of ten starters wait less than a second longer than it would alone', async () => {
    const waits = async (isAlone: boolean): Promise<number[]> => {
      const { clock, budget, turns, take, keep } = setUp(create, 20);
      if (!isAlone) {
        keep(90, ask('hostile'), 10_000);
        keep(30, poll, 10_000);
      }
      await settle();
      await clock.advance(3_010);
      for (let index = 0; index < 10; index += 1) void take({ purpose: start(`${index}`) });
      await settle();
      await clock.advance(7_000);
      budget.close();
      return ofKind(turns, 'start').map(({ askedMs, atMs }) => atMs - askedMs);
    };
    const alone = await waits(true);
    const beside = await waits(false);
    expect(beside).toHaveLength(10);
    for (const [index, waitMs] of beside.entries()) {
      expect(waitMs - (alone[index] ?? 0)).toBeLessThan(1_000);
    }
  });

  it('lets callers take turns, however much one of them asks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 40, max: 90 }), { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 2, max: 40 }),
        fc.constantFrom(0, 40),
        async (counts, maxRps, polls) => {
          const { clock, budget, turns, keep } = setUp(create, maxRps);
          // Until all have arrived.
          budget.hold(1);
          for (const [caller, count] of counts.entries()) keep(count, ask(`${caller}`), 20_000);
          keep(polls, poll, 20_000);
          await settle();
          await clock.advance(4_990);
          budget.close();
          const gained = counts.map(
            (_count, caller) =>
              turns.filter(({ purpose: w }) => w.kind === 'ask' && w.caller === `${caller}`).length,
          );
          const most = Math.max(...gained);
          expect(Math.min(...gained)).toBeGreaterThanOrEqual(most - 2);
          if (polls > 0) {
            const shared = ofKind(turns, 'poll').length / turns.length;
            expect(shared).toBeGreaterThan(0.5 - 1 / turns.length - 0.001);
          }
          expect(turns.length).toBeGreaterThanOrEqual(Math.floor(0.95 * 5 * maxRps));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('loses no turn to cancelled calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 40 }),
        async (timeouts) => {
          const { clock, budget, turns, take, keep } = setUp(create, 20);
          for (const timeoutMs of timeouts) void take({ purpose: ask('hasty') }, timeoutMs);
          keep(5, poll, 10_000);
          await settle();
          await clock.advance(4_990);
          budget.close();
          expect(turns.length).toBeGreaterThanOrEqual(95);
          expect(turns.length).toBeLessThanOrEqual(100);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('lets one caller queue a hundred calls at most, and refuses nobody else', async () => {
    const { clock, budget, turns, refused, take } = setUp(create, 20);
    const callers = Array.from({ length: 130 }, () => take({ purpose: ask('hostile') }));
    const other = take({ purpose: ask('other') });
    await settle();
    expect(refused.length).toBeGreaterThanOrEqual(10);
    for (const error of refused) expect(error).toBeInstanceOf(CallCongestedError);
    expect(refused[0]).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: expect.any(Number),
      message:
        '100 calls of this caller to the upstream already wait for their turns, so nothing was sent. Ask for less at a time.',
    });
    await clock.advance(1_100);
    expect(turns.some(({ purpose: w }) => w.kind === 'ask' && w.caller === 'other')).toBe(true);
    await clock.advance(10_000);
    await Promise.all([...callers, other]);
    budget.close();
  });

  it('sends an awaited poll with the calls of the caller who waits for less', async () => {
    const { clock, budget, turns, take } = setUp(create, 100);
    budget.hold(1_000);
    const call: PacedCall = { purpose: poll };
    for (let index = 0; index < 5; index += 1) void take({ purpose: ask('much') });
    for (let index = 0; index < 5; index += 1) void take({ purpose: poll });
    const raised = take(call);
    budget.expedite(call, ask('much'));
    expect(call.purpose).toEqual(ask('much'));
    budget.expedite(call, ask('little'));
    expect(call.purpose).toEqual(ask('little'));
    await settle();
    await clock.advance(2_000);
    await raised;
    expect(turns.findIndex(({ purpose }) => purpose === call.purpose)).toBeLessThan(4);
    expect(turns).toHaveLength(11);
    budget.close();
  });
});
