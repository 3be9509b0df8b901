import { createSeededRandom } from '../../test/crash/seeded-random.js';
import { StartIngestionDocument } from '../../test/generated/operations.js';
import {
  type DelayAt,
  type Durations,
  kindsOfRuns,
  mean,
  plainPlans,
  pollAtFixedInterval,
  quantile,
  type Simulated,
  shifted,
  simulate,
  simulatePlain,
} from '../../test/support/lag.js';
import { startTestGateway } from '../../test/support/test-gateway.js';
import { type PolledRun, startScheduledUpstream } from './scheduled-upstream.js';

/**
 * The lag from the end of a run to the poll that sees it, with the gateway's plan, which learns as it goes, as a
 * share of the lag of a fixed interval with as many polls. Also two plans that need no knowledge.
 *
 *     npm run bench:lag -- [runs of each mapping] [mappings of each kind] [how much faster than real] [seed]
 *
 * The first table is a simulation in real time units, the second the real gateway with an upstream whose runs last as
 * long as drawn.
 */
const [runs = 30, mappings = 8, speed = 20, seed = 1] = process.argv.slice(2).map(Number);

/** The gateway's defaults, except that a run is polled at least once a minute. */
const plan = { minMs: 1_000, maxMs: 60_000, pollPriceMs: 100 };
/** How many runs of each mapping are only learned from. */
const LEARNT = 20;
/** How many runs after the change are measured. */
const AFTER = 10;

const kinds: readonly { name: string; durations: Durations; runs: number; learnt: number }[] = [
  ...Object.entries(kindsOfRuns).map(([name, durations]) => ({
    name,
    durations,
    runs,
    learnt: LEARNT,
  })),
  { name: 'just after a shift', durations: shifted(LEARNT), runs: AFTER, learnt: LEARNT },
];

function toRow({ durationsMs, planned }: Simulated) {
  const beside = (polled: { lagsMs: readonly number[]; polls: number }) => {
    const fixed = pollAtFixedInterval(durationsMs, polled.polls);
    return mean(polled.lagsMs) / mean(fixed.lagsMs);
  };
  const fixed = pollAtFixedInterval(durationsMs, planned.polls);
  const besidePlain = (delayAt: DelayAt) => beside(simulatePlain(durationsMs, delayAt));
  return {
    runs: durationsMs.length,
    'polls a run': round(planned.polls / durationsMs.length),
    'mean lag, s': round(mean(planned.lagsMs) / 1_000),
    '÷ fixed, mean': round(beside(planned)),
    '÷ fixed, p95': round(quantile(planned.lagsMs, 0.95) / quantile(fixed.lagsMs, 0.95)),
    'back-off ÷ fixed': round(besidePlain(plainPlans['capped back-off'])),
    'share of age ÷ fixed': round(besidePlain(plainPlans['share of the age'])),
  };
}

function simulateAll(): Record<string, ReturnType<typeof toRow>> {
  const random = createSeededRandom(seed);
  return Object.fromEntries(
    kinds.map(({ name, durations, runs, learnt }) => {
      const each = Array.from({ length: mappings }, () =>
        simulate(plan, durations, runs, learnt, random),
      );
      return [name, toRow(together(each))];
    }),
  );
}

async function measureAll(): Promise<Record<string, ReturnType<typeof toRow>>> {
  const random = createSeededRandom(seed);
  const counts = new Map<string, number>();
  const upstream = await startScheduledUpstream((mappingId) => {
    const index = counts.get(mappingId) ?? 0;
    counts.set(mappingId, index + 1);
    const kind = kinds[Number(mappingId.split('-')[0])];
    if (!kind) throw new Error(`There is no mapping ${mappingId}.`);
    return kind.durations(random, index) / speed;
  });
  const gateway = await startTestGateway(upstream.url, {
    pollMinMs: plan.minMs / speed,
    pollMaxMs: plan.maxMs / speed,
    pollPriceMs: plan.pollPriceMs / speed,
    maxRps: 10_000,
  });

  async function measure(mappingId: string, count: number): Promise<readonly PolledRun[]> {
    const polled: PolledRun[] = [];
    while (polled.length < count) {
      const seen = upstream.seen(mappingId);
      await gateway.client.execute(StartIngestionDocument, { mappingId });
      polled.push(await seen);
    }
    return polled;
  }

  const rows = await Promise.all(
    kinds.map(async ({ name, runs, learnt }, index) => {
      const each = await Promise.all(
        Array.from({ length: mappings }, (_, number) =>
          measure(`${index}-${number}`, learnt + runs),
        ),
      );
      return [name, toRow(together(each.map((polled) => toSimulated(polled.slice(learnt)))))];
    }),
  );
  await gateway.stop();
  upstream.close();
  return Object.fromEntries(rows);
}

/** In real time units. */
function toSimulated(polled: readonly PolledRun[]): Simulated {
  return {
    durationsMs: polled.map(({ durationMs }) => durationMs * speed),
    planned: {
      lagsMs: polled.map(({ lagMs }) => lagMs * speed),
      polls: polled.reduce((total, { polls }) => total + polls, 0),
    },
  };
}

function together(each: readonly Simulated[]): Simulated {
  return {
    durationsMs: each.flatMap(({ durationsMs }) => durationsMs),
    planned: {
      lagsMs: each.flatMap(({ planned }) => planned.lagsMs),
      polls: each.reduce((total, { planned }) => total + planned.polls, 0),
    },
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

console.log(`\nSimulated, ${mappings} mappings of each kind:`);
console.table(simulateAll());
console.log(`\nThe gateway, ${speed} times faster than real:`);
console.table(await measureAll());
