import { expect, it } from '@jest/globals';
import { runAbuse } from './abuse-run.js';
import { attacks } from './attacks.js';

/** Of all these attacks, each a fiftieth as strong as it is in `npm run test:abuse`. */
const MAX_GROWTH_MB = 150;

it('abuse of the socket is put an end to, and a good client beside it gets its transitions', async () => {
  const reports = await runAbuse(0.02);
  expect(reports.map(({ name }) => name)).toEqual(attacks.map(([{ name }]) => name));
  for (const { beforeMb, peakMb } of reports) {
    // Not known but on Linux.
    if (beforeMb > 0) expect(peakMb - beforeMb).toBeLessThan(MAX_GROWTH_MB);
  }
}, 60_000);
