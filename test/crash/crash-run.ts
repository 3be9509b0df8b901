import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestRef } from '../../src/ingestion/ingestion-request.js';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { startBusyUpstream } from './busy-upstream.js';
import { type Follower, follow } from './follower.js';
import { createSeededRandom } from './seeded-random.js';
import { type Evidence, findViolations } from './verdict.js';

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

/** One of so many requests is read again from its beginning when it is over. */
const LATE_READ_SHARE = 0.1;

const startQuery = `mutation Start($mappingId: ID!) { startIngestion(input: { mappingId: $mappingId }) {
  ... on IngestionSubmitted { request { requestId } } } }`;

/**
 * Kill a gateway again and again while clients follow what it sees, and cut their sockets besides; then
 * compare what each client got, what the log has and what the upstream did.
 */
export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const random = createSeededRandom(options.seed);
  const dataDir = await mkdtemp(join(tmpdir(), 'crash-'));
  const upstream = await startBusyUpstream(random);
  const followers: Follower[] = [];
  const startedIds = new Set<string>();
  const misfits: string[] = [];
  const counts = { kills: 0, earlyKills: 0, lateReads: 0 };
  const launched: GatewayProcess[] = [];
  let url: string | null = null;
  let isEnding = false;
  const findUrl = () => url;

  /** Have a request begun, through the gateway where that works, or by somebody else. */
  async function begin(mappingId: string): Promise<RequestRef> {
    if (random() < 0.5 || !url) return upstream.begin(mappingId).ref;
    const requestId = await start(url, mappingId).catch(() => null);
    if (requestId === null) return upstream.begin(mappingId).ref;
    startedIds.add(requestId);
    return { mappingId, requestId };
  }

  /** Follow one request after the other, each to its end. */
  async function runClient(index: number): Promise<void> {
    const mappingId = `mapping ${index}`;
    while (!isEnding) {
      const ref = await begin(mappingId);
      await followToEnd(ref);
      if (random() < LATE_READ_SHARE) {
        counts.lateReads += 1;
        await followToEnd(ref);
      }
    }
  }

  function followToEnd(ref: RequestRef): Promise<void> {
    const follower = follow({ kind: 'request', ref }, findUrl);
    followers.push(follower);
    return follower.completed;
  }

  const cutCount = () => followers.reduce((sum, follower) => sum + follower.cutCount, 0);

  /** Cut some sockets at a time until there were so many cuts. */
  async function cutUntil(target: number): Promise<void> {
    let done = cutCount();
    while (done < target) {
      const open = followers.slice(-4 * options.clients);
      for (let i = 0; i < CUTS_AT_ONCE && done < target; i += 1) {
        const one = open[Math.floor(random() * open.length)];
        if (one?.cut()) done += 1;
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

  const activity = Array.from({ length: Math.ceil(options.clients / 8) }, () =>
    follow({ kind: 'all' }, findUrl),
  );
  followers.push(...activity);
  const clients = Array.from({ length: options.clients }, (_, index) => runClient(index));
  const startedAt = performance.now();
  const isLate = () => performance.now() - startedAt > (options.maxMs ?? Number.POSITIVE_INFINITY);
  try {
    while (counts.kills < options.kills && !isLate()) {
      await liveAndBeKilled();
      options.onKill?.(counts.kills, cutCount());
    }
    const last = launch();
    url = await last.url;
    if (!isLate()) await cutUntil(options.cuts);
    isEnding = true;
    const settled = settle(url);
    const isSettled = await Promise.race([settled, delay(SETTLE_MS, false, { ref: false })]);
    if (!isSettled) misfits.push(`not all streams had come to their end after ${SETTLE_MS} ms`);
    for (const follower of activity) follower.leave();
    last.child.kill('SIGTERM');
    const ended = await last.ended;
    if (ended !== 0) misfits.push(`the last gateway ended with ${ended}`);
    misfits.push(...last.complaints);
    const evidence: Evidence = { dataDir, lives: upstream.lives, followers, startedIds };
    const { violations, transitionCount } = await findViolations(evidence);
    const figures = {
      ...counts,
      cuts: cutCount(),
      requests: upstream.lives.size,
      started: startedIds.size,
      transitions: transitionCount,
      delivered: followers.reduce((sum, { record }) => sum + record.length, 0),
      polls: upstream.counts.answers,
      faults: upstream.counts.faults,
      seconds: Math.round((performance.now() - startedAt) / 1000),
    };
    return { figures, violations: [...misfits, ...violations] };
  } finally {
    launched.at(-1)?.child.kill('SIGKILL');
    for (const follower of followers) follower.leave();
    await upstream.close();
    await rm(dataDir, { recursive: true, maxRetries: 3 });
  }

  /** Until every stream of a request is over, nothing is watched, and those who follow everything have it all. */
  async function settle(finalUrl: string): Promise<true> {
    await Promise.all(clients);
    while ((await watchCount(finalUrl)) > 0) await delay(CUT_PAUSE_MS);
    // Behind everything else: who has got its end has got all.
    const sentinel = upstream.begin('sentinel').ref;
    await followToEnd(sentinel);
    const hasAll = ({ record }: Follower) => record.at(-1)?.requestId === sentinel.requestId;
    const isOver = ({ record }: Follower) => record.at(-1)?.to !== 'IN_PROGRESS';
    while (!activity.every((one) => hasAll(one) && isOver(one))) await delay(CUT_PAUSE_MS);
    return true;
  }
}

async function start(url: string, mappingId: string): Promise<string | null> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: startQuery, variables: { mappingId } }),
  });
  const { data } = (await response.json()) as {
    data?: { startIngestion?: { request?: { requestId: string } } } | null;
  };
  return data?.startIngestion?.request?.requestId ?? null;
}

async function watchCount(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^sluice_watches (.+)$/m.exec(text)?.[1]);
}
