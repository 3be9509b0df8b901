import { expect, it } from '@jest/globals';
import { startPruner } from '../../src/watch/pruner.js';
import { createManualClock } from '../support/manual-clock.js';

const HOUR_MS = 3_600_000;

/** What is pruned in steps of so many, or fails. */
function createPruned(name: string, retentionMs: number, ...steps: (number | Error)[]) {
  const calls: { readonly before: number; readonly limit: number }[] = [];
  return {
    name,
    retentionMs,
    calls,
    log: {
      async prune(before: number, limit: number): Promise<number> {
        calls.push({ before, limit });
        const step = steps.shift() ?? 0;
        if (step instanceof Error) throw step;
        return step;
      },
    },
  };
}

it('prunes all in turn, again soon while there is more, and then every hour', async () => {
  const clock = createManualClock();
  const requests = createPruned('requests', HOUR_MS, 200, 200, 7);
  const starts = createPruned('starts', 0);
  const stop = startPruner({ all: [requests, starts], clock, onFailed: fail });

  expect(requests.calls).toEqual([]);
  await clock.advance(10_000);
  expect(requests.calls).toEqual([{ before: clock.now() - HOUR_MS, limit: 200 }]);
  expect(starts.calls).toEqual([{ before: clock.now(), limit: 200 }]);
  await clock.advance(100);
  expect([requests.calls.length, starts.calls.length]).toEqual([3, 3]);
  await clock.advance(HOUR_MS - 1);
  expect(requests.calls).toHaveLength(3);
  await clock.advance(1);
  expect(requests.calls).toHaveLength(4);

  stop();
  await clock.advance(2 * HOUR_MS);
  expect(requests.calls).toHaveLength(4);
});

it('goes on with the next after a failure, and tries again in an hour', async () => {
  const clock = createManualClock();
  const failures: unknown[] = [];
  const requests = createPruned('requests', 0, new Error('disk full'), 1);
  const starts = createPruned('starts', 0);
  const stop = startPruner({
    all: [requests, starts],
    clock,
    onFailed: (error, name) => failures.push([(error as Error).message, name]),
  });

  await clock.advance(10_000);
  expect(failures).toEqual([['disk full', 'requests']]);
  expect(starts.calls).toHaveLength(1);
  await clock.advance(HOUR_MS);
  expect([requests.calls.length, starts.calls.length]).toEqual([2, 2]);
  stop();
});

function fail(error: unknown): never {
  throw error;
}
