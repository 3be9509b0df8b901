import { parseArgs } from 'node:util';
import { runCrash } from './crash-run.js';

/** `npm run test:crash -- --kills 500 --cuts 100000 --clients 40 --seed 1` */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    cuts: { type: 'string', default: '2000' },
    clients: { type: 'string', default: '40' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const options = {
  kills: Number(values.kills),
  cuts: Number(values.cuts),
  clients: Number(values.clients),
  seed: Number(values.seed),
  ...(values.minutes && { maxMs: Number(values.minutes) * 60_000 }),
  onKill(kills: number, cuts: number) {
    if (kills % 25 === 0) console.error(`${kills} kills, ${cuts} cuts`);
  },
};
const { figures, violations } = await runCrash(options);
for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(12)}${value}`);
if (violations.length === 0) {
  console.log(
    `\nEvery record equals the log, and the log what the upstream did (seed ${options.seed}).`,
  );
} else {
  console.log(`\n${violations.length} violations, with --seed ${options.seed}:`);
  for (const violation of violations.slice(0, 20)) console.log(`  ${violation}`);
  process.exitCode = 1;
}
