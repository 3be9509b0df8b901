import { describe, expect, it, jest } from '@jest/globals';
import { createCallBudget } from '../../src/datasources/call-budget.js';
import { type Deadline, startDeadline } from '../../src/datasources/call-deadline.js';
import type { Urgency } from '../../src/ingestion/ports.js';
import { createManualClock } from '../support/manual-clock.js';
import { failureOf, releaseAfterTest } from './campaign-harness.js';

function setUp(maxRps: number) {
  const clock = createManualClock();
  const budget = createCallBudget(clock, maxRps);
  const deadlines: Deadline[] = [];
  releaseAfterTest(async () => {
    for (const deadline of deadlines) deadline.callOff('closing');
    budget.close();
  });
  const deadline = (timeoutMs = 30_000) => {
    const started = startDeadline(clock, timeoutMs);
    deadlines.push(started);
    return started;
  };
  return { clock, budget, deadline };
}

describe('the call budget', () => {
  it('gives no more turns than it has in any second, wherever that second begins', async () => {
    // p-queue keeps the time of the turns itself, so here the clock of the machine is driven.
    jest.useFakeTimers();
    releaseAfterTest(async () => void jest.useRealTimers());
    const { budget, deadline } = setUp(3);
    const turns: number[] = [];
    const begin = Date.now();
    const take = (count: number) =>
      Array.from({ length: count }, () =>
        budget.turn('interactive', deadline()).then(() => turns.push(Date.now() - begin)),
      );
    const first = take(1);
    await jest.advanceTimersByTimeAsync(900);
    const more = take(5);
    await jest.advanceTimersByTimeAsync(2000);
    await Promise.all([...first, ...more]);
    expect(turns).toEqual([0, 900, 900, 1000, 1900, 1900]);
  });

  it('gives interactive calls their turn first, and keeps the order within each urgency', async () => {
    const { clock, budget, deadline } = setUp(100);
    budget.hold(1000);
    const order: string[] = [];
    const ask = (name: string, urgency: Urgency) =>
      budget.turn(urgency, deadline()).then(() => order.push(name));
    const asked = [
      ask('poll 1', 'background'),
      ask('poll 2', 'background'),
      ask('start 1', 'interactive'),
      ask('poll 3', 'background'),
      ask('start 2', 'interactive'),
    ];
    await clock.advance(1000);
    await Promise.all(asked);
    expect(order).toEqual(['start 1', 'start 2', 'poll 1', 'poll 2', 'poll 3']);
  });

  it('lets a call that is expedited go before the rest of the background', async () => {
    const { clock, budget, deadline } = setUp(100);
    budget.hold(1000);
    const order: string[] = [];
    const asked = ['poll 1', 'poll 2'].map((id) =>
      budget.turn('background', deadline(), id).then(() => order.push(id)),
    );
    budget.expedite('poll 2');
    budget.expedite('never asked');
    await clock.advance(1000);
    await Promise.all(asked);
    expect(order).toEqual(['poll 2', 'poll 1']);
  });

  it('refuses a call whose turn does not come before its deadline, and says when to ask again', async () => {
    const { clock, budget, deadline } = setUp(1);
    await budget.turn('interactive', deadline());
    const first = failureOf(budget.turn('interactive', deadline(500)));
    const second = failureOf(budget.turn('background', deadline(600)));
    await clock.advance(600);
    expect(await first).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', outcomeUnknown: false });
    expect((await first).message).toContain('nothing was sent');
    // One call is still ahead of the first when it gives up, none of the second.
    expect([(await first).retryAfterMs, (await second).retryAfterMs]).toEqual([1000, 1000]);
  });

  it('keeps the longest of several holds', async () => {
    const { clock, budget, deadline } = setUp(100);
    budget.hold(5000);
    budget.hold(2000);
    expect(clock.pendingMs()).toEqual([5000]);
    budget.hold(7000);
    expect(clock.pendingMs()).toEqual([7000]);
    const error = await failureOf(budget.turn('interactive', deadline(6999)));
    expect(error.retryAfterMs).toBe(7000);
    const turn = budget.turn('interactive', deadline(7001));
    await clock.advance(7000);
    await turn;
  });

  it('keeps no timer once it is closed', () => {
    const { clock, budget } = setUp(100);
    budget.hold(5000);
    budget.close();
    expect(clock.pendingMs()).toEqual([]);
  });
});
