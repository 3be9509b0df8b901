import { describe, expect, it } from '@jest/globals';
import { runIngest } from './ingest-run.js';

describe('a Campaign service that is killed while its sources change and its calls go wrong', () => {
  it('sends or rejects each row, once', async () => {
    const { figures, violations } = await runIngest({ kills: 2, seed: 1 });
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ kills: 2 });
  }, 90_000);
});
