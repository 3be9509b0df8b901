import { expect, it } from '@jest/globals';
import { runCuts } from './cuts-run.js';
import { inBrowser } from './in-browser.js';

it('in a browser, Apollo, urql and EventSource get the whole log, once and in order, over cut connections', async () => {
  const { figures, violations } = await runCuts({
    libraries: inBrowser(['apollo', 'urql', 'EventSource']),
    cuts: 30,
    clients: 1,
    replicas: 1,
    cutsPerRestart: 15,
    maxPauseMs: 300,
    seed: 1,
  });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ cuts: 30 });
  expect(figures.transitions).toBeGreaterThan(2);
}, 120_000);
