import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createIngestionLog } from '../../src/datasources/log/ingestion-log.datasource.js';
import { openPostgresLog } from '../../src/datasources/log/postgres/postgres.log.js';
import { startFleet } from '../cluster/fleet.js';
import { startBusyUpstream } from '../crash/busy-upstream.js';
import type { CrashReport } from '../crash/crash-run.js';
import type { Delivered, Followed, Following } from '../crash/follower.js';
import { createSeededRandom } from '../crash/seeded-random.js';
import { findViolations } from '../crash/verdict.js';
import { createTestDatabase } from '../support/postgres.js';
import { startPostgresServer } from '../support/postgres-server.js';
import { openIngestionLog } from '../support/sqlite-log.js';
import { CUTS, startCuttingProxy } from './cutting-proxy.js';
import type { CreateMember, Member } from './libraries.js';

export interface CutsOptions {
  /** The libraries to use, by name. */
  readonly libraries: Readonly<Record<string, CreateMember>>;
  /** How many connections are cut while they are used. */
  readonly cuts: number;
  /** How many clients each library has. */
  readonly clients: number;
  /** One on SQLite, several on PostgreSQL. */
  readonly replicas: number;
  /** After so many cuts a gateway is restarted. */
  readonly cutsPerRestart: number;
  /** The longest pause of a connection, in ms. */
  readonly maxPauseMs: number;
  readonly seed: number;
  /** After so long nothing is cut any more, however many cuts there were; in ms. */
  readonly maxMs?: number;
  /** Called after each restart. */
  readonly onRestart?: (cutCount: number) => void;
}

/** The longest time between two cuts, in ms. */
const MAX_WAIT_MS = 15;

/** How many restarts are kills. */
const KILL_SHARE = 0.5;

/** How often it is checked whether a stream has ended, in ms. */
const LOOK_MS = 20;

/** How long all streams may take to end once nothing is cut any more, in ms. */
const SETTLE_MS = 60_000;

/** Short, so that a client is cut often. */
const RESUMABLE = { maxRetryDelayMs: 20, pingMs: 150 };

/**
 * Cut the connections of clients that resume, and restart their gateways, again and again; then compare what each
 * subscription delivered with the log.
 */
export async function runCuts(options: CutsOptions): Promise<CrashReport> {
  const random = createSeededRandom(options.seed);
  const startedAt = performance.now();
  const misfits: string[] = [];
  const counts = { cuts: 0, kills: 0, rollingRestarts: 0 };
  const cutsByKind = Object.fromEntries(CUTS.map((cut) => [cut, 0]));
  const followings: (Following & { readonly library: string })[] = [];
  let isEnding = false;
  await using parts = new AsyncDisposableStack();

  const dataDir = await mkdtemp(join(tmpdir(), 'cuts-'));
  parts.defer(() => rm(dataDir, { recursive: true, maxRetries: 3 }));
  const databaseUrl = options.replicas > 1 ? await startDatabase(parts) : null;
  const upstream = await startBusyUpstream(random);
  parts.defer(() => upstream.close());
  const fleet = await startFleet({
    size: options.replicas,
    upstreamUrl: upstream.url,
    dataDir,
    env: databaseUrl ? { DATABASE_URL: databaseUrl } : {},
  });
  parts.defer(() => fleet.abandon());
  const proxy = await startCuttingProxy(
    () => fleet.urls[Math.floor(random() * fleet.urls.length)] ?? null,
    () => random() * options.maxPauseMs,
  );
  parts.defer(() => proxy.close());
  const members = await Promise.all(
    Object.entries(options.libraries).flatMap(([library, createMember]) =>
      Array.from({ length: options.clients }, async () => ({
        library,
        member: await createMember(`${proxy.url}/graphql`, RESUMABLE),
      })),
    ),
  );
  parts.defer(async () => {
    for (const { leave } of followings) leave();
    await Promise.all(members.map(({ member }) => member.close()));
  });

  function follow({ library, member }: (typeof members)[number], followed: Followed): Following {
    const following = startFollowing(library, member, followed);
    followings.push({ library, ...following });
    return following;
  }

  async function restart(): Promise<void> {
    const index = Math.floor(random() * fleet.size);
    if (random() < KILL_SHARE) {
      await fleet.kill(index);
      counts.kills += 1;
    } else {
      await fleet.replace(index);
      counts.rollingRestarts += 1;
    }
    options.onRestart?.(counts.cuts);
  }

  async function cutUntilEnough(): Promise<void> {
    const isLate = () =>
      performance.now() - startedAt > (options.maxMs ?? Number.POSITIVE_INFINITY);
    let restarting: Promise<void> = Promise.resolve();
    while (counts.cuts < options.cuts && !isLate()) {
      const cut = CUTS[Math.floor(random() * CUTS.length)] ?? 'rst';
      if (proxy.cutOne(cut, random)) {
        counts.cuts += 1;
        cutsByKind[cut] = (cutsByKind[cut] ?? 0) + 1;
        // Connections to the other replicas are cut meanwhile.
        if (counts.cuts % options.cutsPerRestart === 0) restarting = restarting.then(restart);
      }
      await delay(random() * MAX_WAIT_MS);
    }
    await restarting;
  }

  const activity = members.map((one) => follow(one, { kind: 'all' }));
  // From here on, nothing that happens may be missing.
  await Promise.all(members.map(({ member }) => member.ready?.()));
  // Of those who can't tell when they are ready, everything from their first transition on.
  while (!activity.every(({ record }) => record.length > 0)) {
    const { ref } = upstream.begin('first');
    await follow(members[0] as (typeof members)[number], { kind: 'request', ref }).completed;
  }
  const running = members.map(async (one, index) => {
    while (!isEnding) {
      const { ref } = upstream.begin(`mapping ${index}`);
      await follow(one, { kind: 'request', ref }).completed;
    }
  });
  await cutUntilEnough();
  isEnding = true;
  const settled = Promise.all(running).then(async () => {
    // After everything else: a client that has its end has everything.
    const { ref } = upstream.begin('sentinel');
    await follow(members[0] as (typeof members)[number], { kind: 'request', ref }).completed;
    const hasAll = ({ record }: Following) =>
      record.at(-1)?.requestId === ref.requestId && record.at(-1)?.to !== 'IN_PROGRESS';
    while (!activity.every(hasAll)) await delay(LOOK_MS);
    return true;
  });
  if (!(await Promise.race([settled, delay(SETTLE_MS, false, { ref: false })]))) {
    misfits.push(`not all streams had come to their end after ${SETTLE_MS} ms`);
    for (const { library, followed, record } of followings) {
      const last = record.at(-1);
      if (followed.kind === 'request' && last && last.to !== 'IN_PROGRESS') continue;
      const what = followed.kind === 'all' ? 'everything' : `request ${followed.ref.requestId}`;
      misfits.push(`${library} followed ${what} up to ${last?.requestId} ${last?.to}`);
    }
  }
  for (const { leave } of followings) leave();
  misfits.push(...(await fleet.stop()));

  const onFatal = (error: Error) => misfits.push(String(error));
  const log = databaseUrl
    ? await createIngestionLog(
        await openPostgresLog({ url: databaseUrl, maxConnections: 2, onFatal }),
      )
    : await openIngestionLog({ dataDir, onFatal });
  parts.defer(() => log.close());
  const { violations, transitionCount } = await findViolations(log, {
    lives: upstream.lives,
    followers: followings,
    startedIds: new Set(),
  });
  for (const [index, { record }] of activity.entries()) {
    const { library: name, member } = members[index] as (typeof members)[number];
    if (record.length === transitionCount || !member.ready) continue;
    misfits.push(`${name} got ${record.length} of ${transitionCount} transitions`);
  }
  const figures = {
    ...counts,
    ...cutsByKind,
    clients: members.length,
    subscriptions: followings.length,
    transitions: transitionCount,
    delivered: followings.reduce((sum, { record }) => sum + record.length, 0),
    seconds: Math.round((performance.now() - startedAt) / 1000),
  };
  return { figures, violations: [...misfits, ...violations] };
}

async function startDatabase(parts: AsyncDisposableStack): Promise<string> {
  const server = await startPostgresServer();
  parts.defer(() => server.dispose());
  return (await createTestDatabase(server.url)).url;
}

/** A transition as it is selected. */
type Event = Omit<Delivered, 'cursor' | 'mappingId' | 'requestId'> & {
  readonly request: { readonly mappingId: string; readonly requestId: string };
};

function startFollowing(library: string, member: Member, followed: Followed): Following {
  const record: Delivered[] = [];
  const refusals: string[] = [];
  const completed = Promise.withResolvers<void>();
  const leave = member.subscribe(followed, {
    next(data) {
      const [event] = Object.values(data as Record<string, Event>);
      if (!event) return;
      const { from, to, info, numRecords, request } = event;
      const { mappingId, requestId } = request;
      record.push({ cursor: null, from, to, info, numRecords, mappingId, requestId });
    },
    fail(failure) {
      refusals.push(`${library}: ${failure} ${JSON.stringify(failure)}`);
      completed.resolve();
    },
    complete: completed.resolve,
  });
  return { followed, record, refusals, completed: completed.promise, leave };
}
