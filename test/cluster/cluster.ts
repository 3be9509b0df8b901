import { parseArgs } from 'node:util';
import { runCluster } from './cluster-run.js';
import { disturbances } from './disturbances.js';

/** `npm run test:cluster -- --replicas 3 --clients 300 --rounds 2 --poll-ms 2000 --quiet-ms 5000 --seed 1` */
const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '3' },
    clients: { type: 'string', default: '300' },
    /** How often each disturbance happens. */
    rounds: { type: 'string', default: '2' },
    'poll-ms': { type: 'string', default: '2000' },
    'quiet-ms': { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const seed = Number(values.seed);
console.error(`Seed ${seed}`);
const { figures, violations } = await runCluster({
  replicas: Number(values.replicas),
  clients: Number(values.clients),
  disturbances: Array.from({ length: Number(values.rounds) }, () => disturbances)
    .flat()
    .map((what) => [what]),
  pollMs: Number(values['poll-ms']),
  quietMs: Number(values['quiet-ms']),
  maxPollRatio: 1.05,
  seed,
  onDisturbance: (atOnce) => console.error(atOnce.join(', ')),
});
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(14)}${value}`);
if (violations.length === 0) {
  console.log(`\nEvery record equals the log, and the log what the upstream did (seed ${seed}).`);
} else {
  console.log(`\n${violations.length} violations, with --seed ${seed}:`);
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  process.exitCode = 1;
}
