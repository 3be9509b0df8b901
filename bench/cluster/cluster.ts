import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Fleet, startFleet } from '../../test/cluster/fleet.js';
import { untilMetric } from '../../test/support/metrics.js';
import { createTestDatabase } from '../../test/support/postgres.js';
import { startPostgresServer } from '../../test/support/postgres-server.js';
import { startEndlessUpstream } from './endless-upstream.js';
import { start, subscribe } from './subscribers.js';

/**
 * The costs and benefits of replicas: the lag between them, how often they poll together, and their load on the
 * database.
 *
 *     npm run bench:cluster -- [watched requests] [poll interval in s] [measured for, in s] [subscribers]
 */
const [watched = 300, pollS = 2, measuredS = 20, subscriberCount = 1_000] = process.argv
  .slice(2)
  .map(Number);

const LAG_STARTS = 300;
const LAG_PAUSE_MS = 20;
const REPLICA_COUNTS = [1, 2, 4, 8];
/** The time for new subscribers to start. */
const SETTLING_MS = 5_000;
/** The time for the polls to spread out. */
const SPREADING_MS = 5_000;

await using parts = new AsyncDisposableStack();
const dataDir = await mkdtemp(join(tmpdir(), 'bench-cluster-'));
parts.defer(() => rm(dataDir, { recursive: true }));
const server = await startPostgresServer({
  shared_preload_libraries: 'pg_stat_statements',
});
parts.defer(() => server.dispose());
const client = new pg.Client({ connectionString: server.url });
await client.connect();
parts.defer(() => client.end());
await client.query('create extension if not exists pg_stat_statements');

/** Start replicas with their own database and upstream. */
async function launch(size: number) {
  const upstream = await startEndlessUpstream();
  const database = await createTestDatabase(server.url);
  const fleet = await startFleet({
    size,
    upstreamUrl: upstream.url,
    dataDir,
    env: {
      DATABASE_URL: database.url,
      POLL_MIN_MS: String(pollS * 1000),
      POLL_MAX_MS: String(pollS * 1000),
    },
  });
  const name = new URL(database.url).pathname.slice(1);
  const countStatements = async () => {
    const { rows } = await client.query(
      `select coalesce(sum(calls), 0)::int as calls from pg_stat_statements
       where dbid = (select oid from pg_database where datname = $1)`,
      [name],
    );
    return rows[0].calls as number;
  };
  return {
    upstream,
    fleet,
    countStatements,
    async stop() {
      await fleet.stop();
      upstream.close();
    },
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

async function watchMany(fleet: Fleet): Promise<void> {
  for (let index = 0; index < watched; index += 1) {
    await start(fleet.urls[index % fleet.urls.length] ?? '', `mapping ${index}`);
  }
  await delay(SPREADING_MS);
}

async function measureLag(): Promise<void> {
  const { fleet, stop } = await launch(2);
  const [own = '', other = ''] = fleet.urls;
  const lags: Record<'same' | 'other', number[]> = { same: [], other: [] };
  const subscribers = [
    await subscribe([own], 1, (at) => lags.same.push(Date.now() - at)),
    await subscribe([other], 1, (at) => lags.other.push(Date.now() - at)),
  ];
  for (let index = 0; index < LAG_STARTS; index += 1) {
    await start(own, `mapping ${index}`);
    await delay(LAG_PAUSE_MS);
  }
  await delay(1_000);
  console.log('\nLag, from what is observed on one replica to its delivery, in ms');
  for (const [where, values] of Object.entries(lags)) {
    const [p50, p99] = [percentile(values, 0.5), percentile(values, 0.99)];
    console.log(`  on the ${where.padEnd(6)} p50 ${p50}  p99 ${p99}  (${values.length})`);
  }
  for (const one of subscribers) one.close();
  await stop();
}

/** @returns polls per request and minute */
async function measurePolls(size: number, base: number | null): Promise<number> {
  const { fleet, upstream, countStatements, stop } = await launch(size);
  await watchMany(fleet);
  const before = { polls: upstream.pollCount, statements: await countStatements() };
  await delay(measuredS * 1_000);
  const minutes = watched * (measuredS / 60);
  const polls = (upstream.pollCount - before.polls) / minutes;
  const statements = ((await countStatements()) - before.statements) / minutes;
  const ratio = (polls / (base ?? polls)).toFixed(3);
  console.log(
    `  ${size} replicas  polls ${polls.toFixed(2)} (${ratio} of one)  statements ${statements.toFixed(1)}`,
  );
  await stop();
  return polls;
}

async function measureSubscribers(): Promise<void> {
  const { fleet, countStatements, stop } = await launch(2);
  await watchMany(fleet);
  console.log(`\nStatements per watched request and minute, at 2 replicas`);
  // Measured twice without subscribers, to show how much windows differ anyway.
  for (const count of [0, subscriberCount, 0]) {
    const subscribers = await subscribe(fleet.urls, count);
    // Each subscriber reads the log when it begins, which is not part of the steady state.
    const counts = fleet.urls.map((_, index) => Math.ceil((count - index) / fleet.urls.length));
    for (const [index, url] of fleet.urls.entries()) {
      await untilMetric(url, 'sluice_stream_listeners', counts[index] ?? 0);
    }
    await delay(SETTLING_MS);
    const before = await countStatements();
    await delay(measuredS * 1_000);
    const statements = ((await countStatements()) - before) / (watched * (measuredS / 60));
    console.log(`  with ${count} subscribers  ${statements.toFixed(1)}`);
    subscribers.close();
  }
  await stop();
}

console.log(
  `${watched} watched requests, polled every ${pollS} s; ${measuredS} s each. Of this machine, under what else it does.`,
);
await measureLag();
console.log('\nPer watched request and minute');
let ofOne: number | null = null;
for (const size of REPLICA_COUNTS) {
  const polls = await measurePolls(size, ofOne);
  ofOne ??= polls;
}
await measureSubscribers();
