import { describe, expect, it } from '@jest/globals';
import { runCrash } from './crash-run.js';

describe('a gateway that is killed while clients follow it', () => {
  it('gives every client the whole log, once and in order, over kills and cut connections', async () => {
    const { figures, violations } = await runCrash({ kills: 3, cuts: 300, clients: 12, seed: 1 });
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ kills: 3 });
    expect(figures.cuts).toBeGreaterThanOrEqual(300);
    expect(figures.transitions).toBeGreaterThan(12);
  }, 60_000);
});
