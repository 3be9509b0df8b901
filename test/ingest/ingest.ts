import { parseArgs } from 'node:util';
import { runIngest } from './ingest-run.js';

/** `npm run test:ingest -- --kills 500 --minutes 5 --seed 1` */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const seed = Number(values.seed);
const { figures, violations } = await runIngest({
  kills: Number(values.kills),
  seed,
  ...(values.minutes && { maxMs: Number(values.minutes) * 60_000 }),
  onKill(kills) {
    if (kills % 25 === 0) console.error(`${kills} kills`);
  },
});
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(12)}${value}`);
if (violations.length === 0) {
  console.log(`\nEach row was sent once or rejected once (seed ${seed}).`);
} else {
  console.log(`\n${violations.length} violations, with --seed ${seed}:`);
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  process.exitCode = 1;
}
