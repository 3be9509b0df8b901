import { describe, expect, it } from '@jest/globals';
import { createCallBudget } from '../../../src/datasources/upstream/call-budget.js';
import { type Deadline, startDeadline } from '../../../src/datasources/upstream/call-deadline.js';
import type { Urgency } from '../../../src/ingestion/ports.js';
import { createManualClock, settle } from '../../support/manual-clock.js';
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
    const { clock, budget, deadline } = setUp(3);
    const turns: number[] = [];
    const take = (count: number) =>
      Array.from({ length: count }, () =>
        budget.turn('interactive', deadline()).then(() => turns.push(clock.monotonicMs())),
      );
    const first = take(1);
    await Promise.all(first);
    await clock.advance(900);
    const more = take(5);
    await settle();
    await clock.advance(2000);
    await Promise.all(more);
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
    const late = failureOf(budget.turn('interactive', deadline(500)));
    await clock.advance(500);
    expect(await late).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      outcomeUnknown: false,
      retryAfterMs: 1000,
    });
    expect((await late).message).toContain('nothing was sent');
  });

  it('refuses at once a call with more ahead of it than there are turns before its deadline', async () => {
    const { budget, deadline } = setUp(2);
    await Promise.all([1, 2].map(() => budget.turn('interactive', deadline())));
    const ask = (urgency: Urgency) => failureOf(budget.turn(urgency, deadline(2_000)));
    const waiting = [1, 2, 3, 4].map(() => ask('interactive'));
    // No time passes.
    expect(await ask('interactive')).toMatchObject({ retryAfterMs: 2000 });
    expect(await ask('background')).toMatchObject({ retryAfterMs: 2000 });
    const hasSettled = await Promise.race([Promise.all(waiting), Promise.resolve('not yet')]);
    expect(hasSettled).toBe('not yet');
    for (const waiter of waiting) waiter.catch(() => {});
  });

  it('has a call wait behind those that are ahead, in the background only', async () => {
    const { clock, budget, deadline } = setUp(1);
    await budget.turn('interactive', deadline());
    const polls = [1, 2].map(() => failureOf(budget.turn('background', deadline(3_000))));
    // Two polls are ahead of another one, and none of somebody who waits.
    const poll = failureOf(budget.turn('background', deadline(2_000)));
    expect(await poll).toMatchObject({ retryAfterMs: 2000 });
    const turn = budget.turn('interactive', deadline(2_000));
    await clock.advance(1_000);
    await turn;
    for (const waiter of polls) waiter.catch(() => {});
  });

  it('keeps the longest of several holds', async () => {
    const { clock, budget, deadline } = setUp(100);
    budget.hold(5000);
    budget.hold(2000);
    budget.hold(7000);
    expect(clock.pendingMs()).toEqual([]);
    const error = await failureOf(budget.turn('interactive', deadline(6999)));
    expect(error.retryAfterMs).toBe(7000);
    const turn = budget.turn('interactive', deadline(7001));
    await clock.advance(7000);
    await turn;
  });

  it('keeps no timer of its own once it is closed', () => {
    const { clock, budget, deadline } = setUp(100);
    budget.hold(5000);
    budget.turn('interactive', deadline(9000)).catch(() => {});
    expect(clock.pendingMs()).toEqual([5000, 9000]);
    budget.close();
    expect(clock.pendingMs()).toEqual([9000]);
  });
});
