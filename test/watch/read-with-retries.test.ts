import { describe, expect, it } from '@jest/globals';
import { readWithRetries } from '../../src/watch/read-with-retries.js';

const isTransient = (error: unknown) => (error as Error).message === 'away';

/** Fails so often, and then gives how often it was asked. */
function createAsked(failures: number, message = 'away') {
  let count = 0;
  return {
    ask: async () => {
      count += 1;
      if (count <= failures) throw new Error(message);
      return count;
    },
    get count() {
      return count;
    },
  };
}

describe('patience', () => {
  it.each([
    ['is asked again while it is away', 2, 'away', true, 3, 3],
    ['is away for longer than anybody waits', 9, 'away', true, 'away', 3],
    ['fails in another way', 1, 'broken', true, 'broken', 1],
    ['is asked for by nobody any more', 1, 'away', false, 'away', 1],
  ])('what %s', async (_what, failures, message, isAwaited, outcome, count) => {
    const asked = createAsked(failures, message);
    const asking = readWithRetries(asked.ask, isTransient, () => isAwaited, [1, 1]);
    expect(await asking.catch((error: Error) => error.message)).toBe(outcome);
    expect(asked.count).toBe(count);
  });
});
