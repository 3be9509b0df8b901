import { expect, it } from '@jest/globals';
import { runCuts } from './cuts-run.js';
import { libraries } from './libraries.js';

it('Apollo, urql, Relay, graphql-ws, multipart and EventSource get the whole log, once and in order, over cut connections', async () => {
  const { figures, violations } = await runCuts({
    libraries,
    cuts: 60,
    clients: 1,
    replicas: 1,
    cutsPerRestart: 30,
    maxPauseMs: 300,
    seed: 1,
  });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ cuts: 60 });
  expect(figures.transitions).toBeGreaterThan(6);
}, 120_000);
