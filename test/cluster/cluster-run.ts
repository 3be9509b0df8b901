import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createIngestionLog } from '../../src/datasources/log/ingestion-log.datasource.js';
import { openPostgresLog } from '../../src/datasources/log/postgres/postgres.log.js';
import { startBusyUpstream } from '../crash/busy-upstream.js';
import type { CrashReport } from '../crash/crash-run.js';
import { createCrowd } from '../crash/crowd.js';
import { createSeededRandom } from '../crash/seeded-random.js';
import { findViolations } from '../crash/verdict.js';
import { readMetric } from '../support/metrics.js';
import { createTestDatabase } from '../support/postgres.js';
import { startPostgresServer } from '../support/postgres-server.js';
import { type Disturbance, disturb } from './disturbances.js';
import { startFleet } from './fleet.js';
import { comparePolls, type QuietSpan } from './poll-ledger.js';

export interface ClusterOptions {
  readonly replicas: number;
  /** How many requests are watched at a time, each followed by a client. */
  readonly clients: number;
  /** What happens, one after the other; each time to one replica or, of several things at once, to one each. */
  readonly disturbances: readonly (readonly Disturbance[])[];
  /** Between two polls of a request, in ms. */
  readonly pollMs: number;
  /** For how long nothing happens after each disturbance, once its consequences are over, in ms. */
  readonly quietMs: number;
  /** Of the polls that one gateway would send, more than this are a violation. */
  readonly maxPollRatio: number;
  readonly seed: number;
  /** Told of each disturbance before it happens. */
  readonly onDisturbance?: (atOnce: readonly Disturbance[]) => void;
}

/** What a replica that died was polling is due again after a call deadline and 5 s; so long after a disturbance it is not over. */
const HELD_MS = 16_000;

/** How long requests run, in ms: most for longer than a disturbance. */
const MIN_LIFE_MS = 2_000;
const MAX_LIFE_MS = 40_000;

/** For all streams to come to their end once nothing is disturbed any more, in ms. */
const SETTLE_MS = 60_000;

/**
 * Let replicas watch requests together while they are killed, frozen and replaced, and their database is
 * restarted and cut off, under clients that follow and go to whichever replica there is; then compare what each
 * client got, what the log has and what the upstream did and was asked.
 */
export async function runCluster(options: ClusterOptions): Promise<CrashReport> {
  const random = createSeededRandom(options.seed);
  const pollsAt: number[] = [];
  const quiet: QuietSpan[] = [];
  const misfits: string[] = [];
  const startedAt = performance.now();
  await using parts = new AsyncDisposableStack();

  const dataDir = await mkdtemp(join(tmpdir(), 'cluster-'));
  parts.defer(() => rm(dataDir, { recursive: true, maxRetries: 3 }));
  const server = await startPostgresServer();
  parts.defer(() => server.dispose());
  const database = await createTestDatabase(server.url);
  const upstream = await startBusyUpstream(random, {
    lifeMs: () => MIN_LIFE_MS + random() * (MAX_LIFE_MS - MIN_LIFE_MS),
    onPoll: () => pollsAt.push(Date.now()),
  });
  parts.defer(() => upstream.close());
  const fleet = await startFleet({
    size: options.replicas,
    upstreamUrl: upstream.url,
    dataDir,
    env: {
      DATABASE_URL: database.url,
      POLL_MIN_MS: String(options.pollMs),
      POLL_MAX_MS: String(options.pollMs),
    },
  });
  parts.defer(() => fleet.abandon());
  const crowd = createCrowd({
    upstream,
    random,
    findUrl: () => fleet.urls[Math.floor(random() * fleet.urls.length)] ?? null,
    clientCount: options.clients,
    passing: /UPSTREAM_|SHUTTING|LOG_UNAVAILABLE/,
  });
  parts.defer(() => crowd.leave());

  async function beQuiet(): Promise<void> {
    await delay(HELD_MS);
    const fromAt = Date.now();
    await delay(options.quietMs);
    quiet.push({ fromAt, toAt: Date.now() });
  }

  const disturbed = { fleet, server, databaseUrl: database.url };
  for (const atOnce of options.disturbances) {
    options.onDisturbance?.(atOnce);
    const first = Math.floor(random() * fleet.size);
    const happening = atOnce.map((what, index) =>
      disturb(what, (first + index) % fleet.size, disturbed),
    );
    await Promise.all(happening);
    await beQuiet();
  }
  upstream.endAll();
  const settled = crowd.settle(() => hasWatches(fleet.urls)).then(() => true);
  if (!(await Promise.race([settled, delay(SETTLE_MS, false, { ref: false })]))) {
    misfits.push(`not all streams had come to their end after ${SETTLE_MS} ms`);
    misfits.push(...crowd.describe());
  }
  crowd.leave();
  misfits.push(...(await fleet.stop()));

  const onFatal = (error: Error) => misfits.push(String(error));
  const log = await createIngestionLog(
    await openPostgresLog({ url: database.url, maxConnections: 2, onFatal }),
  );
  parts.defer(() => log.close());
  const { violations, transitionCount } = await findViolations(log, {
    lives: upstream.lives,
    ...crowd,
  });
  const lives = [...upstream.lives.values()].map((life) => ({
    ...life,
    isStartedHere: crowd.startedIds.has(life.ref.requestId),
  }));
  const { polls, needed } = comparePolls(pollsAt, lives, quiet, options.pollMs);
  const ratio = polls / needed;
  if (ratio > options.maxPollRatio)
    misfits.push(`${polls} polls where one gateway needs ${needed}`);
  const figures = {
    disturbances: options.disturbances.length,
    requests: upstream.lives.size,
    started: crowd.startedIds.size,
    transitions: transitionCount,
    delivered: crowd.followers.reduce((sum, { record }) => sum + record.length, 0),
    connections: crowd.followers.reduce((sum, { connectionCount }) => sum + connectionCount, 0),
    polls: pollsAt.length,
    quietPolls: polls,
    quietNeeded: needed,
    ratio: Math.round(ratio * 1_000) / 1_000,
    seconds: Math.round((performance.now() - startedAt) / 1000),
  };
  return { figures, violations: [...misfits, ...violations] };
}

async function hasWatches(urls: readonly string[]): Promise<boolean> {
  const counts = await Promise.all(urls.map((url) => readMetric(url, 'sluice_watches')));
  return counts.some((count) => count > 0);
}
