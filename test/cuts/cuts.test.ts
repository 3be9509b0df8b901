import { expect, it } from '@jest/globals';
import { type CutsOptions, runCuts } from './cuts-run.js';
import { inBrowser } from './in-browser.js';
import { libraries } from './libraries.js';

/** Much more than it takes, for many tests share a small machine. */
const TIMEOUT_MS = 120_000;

it.each<[string, CutsOptions['libraries'], number]>([
  ['Apollo, urql, Relay, graphql-ws, multipart and EventSource', libraries, 150],
  ['In a browser, Apollo, urql and EventSource', inBrowser(['apollo', 'urql', 'EventSource']), 60],
])(
  '%s get the whole log, once and in order, over cut connections',
  async (_name, used, cuts) => {
    const { figures, violations } = await runCuts({
      libraries: used,
      cuts,
      clients: 1,
      replicas: 1,
      cutsPerRestart: cuts / 2,
      maxPauseMs: 300,
      seed: 1,
    });
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ cuts });
    expect(figures.transitions).toBeGreaterThan(6);
  },
  TIMEOUT_MS,
);
