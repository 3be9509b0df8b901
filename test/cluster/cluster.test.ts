import { describe, expect, it } from '@jest/globals';
import { runCluster } from './cluster-run.js';

describe('replicas of which one is killed, while all are cut off from the database', () => {
  it('give every client the whole log, once and in order, and do not each poll', async () => {
    const { figures, violations } = await runCluster({
      replicas: 3,
      clients: 24,
      disturbances: [['kill', 'cutConnections']],
      pollMs: 1_000,
      quietMs: 3_000,
      // In so short a time chance weighs a tenth; two gateways that poll are twice.
      maxPollRatio: 1.5,
      seed: 1,
    });
    expect(violations).toEqual([]);
    expect(figures.transitions).toBeGreaterThan(24);
    expect(figures.connections).toBeGreaterThan(24);
    expect(figures.quietPolls).toBeGreaterThan(0);
  }, 90_000);
});
