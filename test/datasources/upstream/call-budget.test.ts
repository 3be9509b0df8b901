import { describe, expect, it } from '@jest/globals';
import { createCallBudget } from '../../../src/datasources/upstream/call-budget.js';
import { type Deadline, startDeadline } from '../../../src/datasources/upstream/call-deadline.js';
import type { CallPurpose } from '../../../src/ingestion/ports.js';
import { createManualClock, settle } from '../../support/manual-clock.js';
import {
  asking,
  failureOf,
  polling,
  releaseAfterEachTest,
  releaseAfterTest,
} from './campaign-harness.js';

releaseAfterEachTest();

function setUp(maxRps: number) {
  const clock = createManualClock();
  const budget = createCallBudget(clock, maxRps);
  const deadlines: Deadline[] = [];
  releaseAfterTest(async () => {
    for (const deadline of deadlines) deadline.cancel('closing');
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
        budget.turn({ purpose: asking }, deadline()).then(() => turns.push(clock.monotonicMs())),
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

  it('refuses a call whose turn comes after its deadline, and says when to ask again', async () => {
    const { clock, budget, deadline } = setUp(1);
    await budget.turn({ purpose: asking }, deadline());
    const late = failureOf(budget.turn({ purpose: asking }, deadline(500)));
    await clock.advance(500);
    expect(await late).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      outcomeUnknown: false,
      retryAfterMs: 1000,
    });
    expect((await late).message).toContain('nothing was sent');
  });

  it('immediately refuses a call with more ahead of it than there are turns before its deadline', async () => {
    const { budget, deadline } = setUp(2);
    await Promise.all([1, 2].map(() => budget.turn({ purpose: asking }, deadline())));
    const ask = (purpose: CallPurpose) => failureOf(budget.turn({ purpose }, deadline(2_000)));
    const waiting = [1, 2, 3, 4].map(() => ask(asking));
    // No time passes.
    expect(await ask(asking)).toMatchObject({ retryAfterMs: 2000 });
    const hasSettled = await Promise.race([Promise.all(waiting), Promise.resolve('not yet')]);
    expect(hasSettled).toBe('not yet');
    for (const waiter of waiting) waiter.catch(() => {});
  });

  it('alternates awaited calls with the polls ahead of them', async () => {
    const { clock, budget, deadline } = setUp(1);
    await budget.turn({ purpose: asking }, deadline());
    const polls = [1, 2].map(() => budget.turn({ purpose: polling }, deadline(3_001)));
    // Two polls precede another poll, but at most one precedes a caller who waits.
    const poll = failureOf(budget.turn({ purpose: polling }, deadline(2_000)));
    expect(await poll).toMatchObject({ retryAfterMs: 2000 });
    const turn = budget.turn({ purpose: asking }, deadline(2_001));
    await clock.advance(3_000);
    await Promise.all([turn, ...polls]);
  });

  it('keeps the longest of several holds', async () => {
    const { clock, budget, deadline } = setUp(100);
    budget.hold(5000);
    budget.hold(2000);
    budget.hold(7000);
    expect(clock.pendingMs()).toEqual([]);
    const error = await failureOf(budget.turn({ purpose: asking }, deadline(6999)));
    expect(error.retryAfterMs).toBe(7000);
    const turn = budget.turn({ purpose: asking }, deadline(7001));
    await clock.advance(7000);
    await turn;
  });

  it('keeps no timer once it is closed', () => {
    const { clock, budget, deadline } = setUp(100);
    budget.hold(5000);
    budget.turn({ purpose: asking }, deadline(9000)).catch(() => {});
    expect(clock.pendingMs()).toEqual([5000, 9000]);
    budget.close();
    expect(clock.pendingMs()).toEqual([9000]);
  });
});
