import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Due, DueQueue } from '../../src/watch/due-queue.js';
import { createManualClock } from '../support/manual-clock.js';

describe('the due queue', () => {
  it('gives every item at its time, in order, but those that were called off', async () => {
    const items = fc.array(fc.record({ delayMs: fc.nat(100), isCalledOff: fc.boolean() }));
    await fc.assert(
      fc.asyncProperty(items, async (given) => {
        const clock = createManualClock(0);
        const told: number[] = [];
        const queue = new DueQueue<number>(clock, (delayMs) => {
          expect(clock.monotonicMs()).toBe(delayMs);
          told.push(delayMs);
        });
        const added = given.map(({ delayMs }) => queue.add(delayMs, delayMs));
        for (const [index, { isCalledOff }] of given.entries()) {
          if (isCalledOff) queue.remove(added[index] as Due<number>);
        }
        await clock.advance(100);
        const expected = given.filter(({ isCalledOff }) => !isCalledOff);
        expect(told).toEqual(expected.map(({ delayMs }) => delayMs).sort((a, b) => a - b));
        expect(clock.pendingCount).toBe(0);
      }),
    );
  });

  it('has one timer, for the soonest, and none once it is cleared', () => {
    const clock = createManualClock();
    const queue = new DueQueue<string>(clock, () => {});
    queue.add('later', 20);
    const sooner = queue.add('sooner', 10);
    queue.add('last', 30);
    expect(clock.pendingMs()).toEqual([10]);
    queue.remove(sooner);
    expect(clock.pendingMs()).toEqual([20]);
    queue.clear();
    expect(clock.pendingCount).toBe(0);
  });

  it('takes what is added while it gives, and forgets what was called off meanwhile', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    const queue: DueQueue<string> = new DueQueue(clock, (item) => {
      told.push(item);
      if (item === 'first') {
        queue.remove(second);
        queue.add('third', 5);
      }
    });
    queue.add('first', 10);
    const second = queue.add('second', 10);
    await clock.advance(15);
    expect(told).toEqual(['first', 'third']);
  });

  it('gives nothing while it is held, and counts every delay from its release', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    const queue = new DueQueue<string>(clock, (item) => told.push(item));
    queue.hold();
    queue.add('first', 10);
    await clock.advance(100);
    queue.add('second', 10);
    expect(clock.pendingCount).toBe(0);
    queue.release();
    await clock.advance(9);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told.toSorted()).toEqual(['first', 'second']);
  });

  it.each([-86_400_000, 86_400_000])(
    'keeps every delay where the clock is set by %d ms',
    async (ms) => {
      const clock = createManualClock();
      const told: string[] = [];
      const queue = new DueQueue<string>(clock, (item) => told.push(item));
      queue.add('first', 10);
      queue.add('second', 20);
      clock.jump(ms);
      await clock.advance(10);
      expect(told).toEqual(['first']);
      await clock.advance(10);
      expect(told).toEqual(['first', 'second']);
    },
  );

  it('goes on as spread as it was once a process that was frozen runs again', async () => {
    const manual = createManualClock();
    let frozenMs = 0;
    const clock = { ...manual, monotonicMs: () => manual.monotonicMs() + frozenMs };
    const told: number[] = [];
    const queue = new DueQueue<number>(clock, (item) => told.push(item));
    for (const delayMs of [100, 200, 300, 400]) queue.add(delayMs, delayMs);
    frozenMs = 7_200_000;
    await manual.advance(100);
    expect(told).toEqual([100]);
    await manual.advance(200);
    expect(told).toEqual([100, 200, 300]);
    await manual.advance(100);
    expect(told).toEqual([100, 200, 300, 400]);
  });
});
