import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { readMetric } from '../support/metrics.js';
import { openIngestionLog } from '../support/sqlite-log.js';
import { startBusyUpstream } from './busy-upstream.js';
import { createCrowd } from './crowd.js';
import { createSeededRandom } from './seeded-random.js';
import { findViolations } from './verdict.js';

export interface CrashOptions {
  /** How often the gateway is killed. */
  readonly kills: number;
  /** How many sockets are cut under a running subscription, at least. */
  readonly cuts: number;
  /** How many clients follow requests at a time; a few more follow everything. */
  readonly clients: number;
  readonly seed: number;
  /** After so long the last gateway is left to live, however many kills there were; in ms. */
  readonly maxMs?: number;
  /** Told after each kill. */
  readonly onKill?: (kills: number, cuts: number) => void;
}

/** What a run came to. */
export interface CrashReport {
  readonly figures: Readonly<Record<string, number>>;
  /** What was promised and not kept; empty where all was. */
  readonly violations: readonly string[];
}

/** A gateway that is to be killed lives for at most so long once it is ready, in ms. */
const MAX_LIFE_MS = 300;

/** One of so many is killed while it starts. */
const EARLY_KILL_SHARE = 0.2;

/** A start that is killed early is killed within this, in ms: about as long as a start takes. */
const START_MS = 900;

/** How many sockets are cut at a time, and how long after, in ms, the next are. */
const CUTS_AT_ONCE = 10;
const CUT_PAUSE_MS = 10;

/** For all streams to come to their end once nothing is killed any more, in ms. */
const SETTLE_MS = 60_000;

/**
 * Kill a gateway again and again while clients follow what it sees, and cut their sockets besides; then
 * compare what each client got, what the log has and what the upstream did.
 */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const random = createSeededRandom(options.seed);
  const dataDir = await mkdtemp(join(tmpdir(), 'crash-'));
  const upstream = await startBusyUpstream(random);
  const misfits: string[] = [];
  const counts = { kills: 0, earlyKills: 0 };
  const launched: GatewayProcess[] = [];
  let url: string | null = null;

  /** Cut some sockets at a time until there were so many cuts. */
  async function cutUntil(target: number): Promise<void> {
    while (cutCount < target) {
      for (let i = 0; i < CUTS_AT_ONCE && cutCount < target; i += 1) {
        if (crowd.cutOne()) cutCount += 1;
      }
      await delay(CUT_PAUSE_MS);
    }
  }

  function launch(): GatewayProcess {
    const gateway = startGatewayProcess({ upstreamUrl: upstream.url, dataDir });
    launched.push(gateway);
    return gateway;
  }

  async function liveAndBeKilled(): Promise<void> {
    const gateway = launch();
    if (random() < EARLY_KILL_SHARE) {
      counts.earlyKills += 1;
      await delay(random() * START_MS);
    } else {
      url = await gateway.url;
      await cutUntil((options.cuts * counts.kills) / options.kills);
      await delay(random() * MAX_LIFE_MS);
    }
    url = null;
    gateway.child.kill('SIGKILL');
    const ended = await gateway.ended;
    if (ended !== 'SIGKILL') misfits.push(`a gateway ended by itself with ${ended}`);
    misfits.push(...gateway.complaints);
    counts.kills += 1;
  }

  const crowd = createCrowd({
    upstream,
    random,
    findUrl: () => url,
    clientCount: options.clients,
  });
  let cutCount = 0;
  const startedAt = performance.now();
  const isLate = () => performance.now() - startedAt > (options.maxMs ?? Number.POSITIVE_INFINITY);
  try {
    while (counts.kills < options.kills && !isLate()) {
      await liveAndBeKilled();
      options.onKill?.(counts.kills, cutCount);
    }
    const last = launch();
    url = await last.url;
    if (!isLate()) await cutUntil(options.cuts);
    const finalUrl = url;
    const settled = crowd
      .settle(async () => (await readMetric(finalUrl, 'sluice_watches')) > 0)
      .then(() => true);
    const isSettled = await Promise.race([settled, delay(SETTLE_MS, false, { ref: false })]);
    if (!isSettled) {
      misfits.push(`not all streams had come to their end after ${SETTLE_MS} ms, at ${url}`);
      misfits.push(...crowd.describe());
    }
    crowd.leave();
    last.child.kill('SIGTERM');
    const ended = await last.ended;
    if (ended !== 0) misfits.push(`the last gateway ended with ${ended}`);
    misfits.push(...last.complaints);
    const log = await openIngestionLog({
      dataDir,
      onFatal: (error) => misfits.push(String(error)),
    });
    const { lives } = upstream;
    const { violations, transitionCount } = await findViolations(log, { lives, ...crowd });
    await log.close();
    const figures = {
      ...counts,
      lateReads: crowd.lateReadCount,
      cuts: cutCount,
      requests: upstream.lives.size,
      started: crowd.startedIds.size,
      transitions: transitionCount,
      delivered: crowd.followers.reduce((sum, { record }) => sum + record.length, 0),
      polls: upstream.counts.answers,
      faults: upstream.counts.faults,
      seconds: Math.round((performance.now() - startedAt) / 1000),
    };
    return { figures, violations: [...misfits, ...violations] };
  } finally {
    launched.at(-1)?.child.kill('SIGKILL');
    crowd.leave();
    await upstream.close();
    await rm(dataDir, { recursive: true, maxRetries: 3 });
  }
}
