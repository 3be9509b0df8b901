import { describe, expect, it } from '@jest/globals';
import { readWithRetries } from '../../src/watch/read-with-retries.js';

const isTransient = (error: unknown) => (error as Error).message === 'away';

/** Fails so many times, and then returns the number of calls. */
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

describe('readWithRetries', () => {
  it.each([
    ['fails for a short time', 2, 'away', true, 3, 3],
    ['fails for too long', 9, 'away', true, 'away', 3],
    ['fails permanently', 1, 'broken', true, 'broken', 1],
    ['fails and nobody waits for it any more', 1, 'away', false, 'away', 1],
  ])(
    'stops or succeeds when the call %s',
    async (_what, failures, message, isAwaited, outcome, count) => {
      const asked = createAsked(failures, message);
      const asking = readWithRetries(asked.ask, isTransient, () => isAwaited, [1, 1]);
      expect(await asking.catch((error: Error) => error.message)).toBe(outcome);
      expect(asked.count).toBe(count);
    },
  );
});
