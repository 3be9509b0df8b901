import { parseArgs } from 'node:util';
import { runCuts } from './cuts-run.js';
import { inBrowser } from './in-browser.js';
import { libraries } from './libraries.js';

/** `npm run test:cuts -- --cuts 20000 --clients 4 --replicas 2 --minutes 5 --seed 1` */
const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '2000' },
    clients: { type: 'string', default: '4' },
    replicas: { type: 'string', default: '1' },
    pause: { type: 'string', default: '0.6' },
    restart: { type: 'string', default: '500' },
    minutes: { type: 'string' },
    browser: { type: 'boolean', default: false },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const seed = Number(values.seed);
const all = values.browser ? inBrowser(['apollo', 'urql', 'EventSource']) : libraries;
const { figures, violations } = await runCuts({
  libraries: Object.fromEntries(
    Object.entries(all).filter(([name]) => values.only?.split(',').includes(name) ?? true),
  ),
  cuts: Number(values.cuts),
  clients: Number(values.clients),
  replicas: Number(values.replicas),
  cutsPerRestart: Number(values.restart),
  maxPauseMs: Number(values.pause) * 1_000,
  seed,
  ...(values.minutes && { maxMs: Number(values.minutes) * 60_000 }),
  onRestart: (cutCount) => console.error(`${cutCount} cuts`),
});
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(16)}${value}`);
if (violations.length === 0) {
  console.log(`\nEvery subscription delivered the log, once and in order (seed ${seed}).`);
} else {
  console.log(`\n${violations.length} violations, with --seed ${seed}:`);
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  process.exitCode = 1;
}
// Sockets on which nobody closes the other end would keep the process.
process.exit();
