import { describe, expect, it } from '@jest/globals';
import { FORGOTTEN_AFTER_MS } from '../../../src/datasources/log/watch-queue.datasource.js';
import { DAY_MS, toRef, useWatchQueue } from './watch-queue-harness.js';

const { clock, queue, pass, begin, observed, failed, claim } = useWatchQueue();

describe('a watch that an operator ended', () => {
  it('is not due, reports the reason, and cannot be ended again', async () => {
    await begin('1', 1_000);
    expect(await queue.end(toRef('1'))).toBe(true);
    expect(await queue.report(toRef('1'))).toMatchObject({
      endedBecause: 'ENDED_BY_OPERATOR',
      nextPollAt: null,
    });
    await pass(2_000);
    expect(await claim()).toEqual([]);
    expect(await queue.end(toRef('1'))).toBe(false);
    expect(await queue.end(toRef('unknown'))).toBe(false);
    expect(await queue.count()).toBe(0);
  });

  it('stays ended when an earlier poll is answered, and resumes when somebody asks', async () => {
    await begin('1', 1_000);
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
    await queue.end(toRef('1'));
    await queue.settle(observed('1', 1_000), 'interactive');
    await pass(2_000);
    expect(await claim()).toEqual([]);
    await queue.settle({ ...observed('1', 1_000), isAwaited: true }, 'interactive');
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
  });
});

describe('a watch of a request that the upstream forgot', () => {
  it.each(['interactive', 'background'] as const)('ends after an hour (%s)', async (urgency) => {
    await begin('1', 1_000);
    const unknown = failed('1', 1_000, { isUnknown: true });
    expect(await queue.settle(unknown, 'interactive')).toBe('goesOn');
    await pass(FORGOTTEN_AFTER_MS - 5_000);
    expect(await queue.settle(unknown, 'interactive')).toBe('goesOn');
    await pass(5_100);
    const ending = queue.settle(unknown, urgency);
    await clock.advance(100);
    expect(await ending).toBe('ended');
    await pass(DAY_MS);
    expect(await claim()).toEqual([]);
    expect(await queue.count()).toBe(0);
    expect(await queue.report(toRef('1'))).toMatchObject({
      nextPollAt: null,
      endedBecause: 'FORGOTTEN_UPSTREAM',
    });
    // When somebody asks again, the watch does not end again.
    expect(await queue.settle(unknown, 'interactive')).toBe('goesOn');
    expect(await queue.settle(failed('1', 1_000), 'interactive')).toBe('goesOn');
    expect(await claim()).toEqual([]);
  });

  it('resumes when somebody subscribes', async () => {
    await begin('1', 1_000);
    const unknown = failed('1', 1_000, { isUnknown: true });
    await queue.settle(unknown, 'interactive');
    await pass(FORGOTTEN_AFTER_MS + 100);
    expect(await queue.settle(unknown, 'interactive')).toBe('ended');
    await queue.prioritize(toRef('1'));
    await pass(100);
    expect(await claim()).toEqual(['1']);
    expect(await queue.settle(unknown, 'interactive')).toBe('goesOn');
    expect(await queue.report(toRef('1'))).toMatchObject({ endedBecause: null });
  });

  it('resumes when the upstream knows the request again', async () => {
    await begin('1', 1_000);
    const unknown = failed('1', 1_000, { isUnknown: true });
    await queue.settle(unknown, 'interactive');
    await pass(FORGOTTEN_AFTER_MS + 100);
    await queue.settle(unknown, 'interactive');
    await queue.settle(observed('1', 1_000), 'interactive');
    await pass(1_100);
    expect(await claim()).toEqual(['1']);
  });
});
