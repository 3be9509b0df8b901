import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createWorkspace, startReceiver } from '../campaign/support/running-service.js';
import { createServiceClient } from '../campaign/support/service-client.js';
import type { CrashReport } from '../crash/crash-run.js';
import { createSeededRandom } from '../crash/seeded-random.js';
import { takeAccount } from './account.js';
import { createBusySources } from './busy-sources.js';
import { startFaultyPlatform } from './faulty-platform.js';
import type { KilledServiceSettings } from './killed-service.js';

export interface IngestOptions {
  /** How often the service is killed. */
  readonly kills: number;
  readonly seed: number;
  /** After so long the last service is left to live, however many kills there were; in ms. */
  readonly maxMs?: number;
  /** Told after each kill. */
  readonly onKill?: (kills: number) => void;
}

const MAIN = join('dist', 'test', 'ingest', 'killed-service.js');

/** A service that is to be killed lives for at most so many calls, and so long after the last one, in ms. */
const MAX_CALLS = 60;
const MAX_LIFE_MS = 20;

/** It lives no longer than this, however few calls it makes, in ms. */
const LONGEST_LIFE_MS = 2_500;

/** One of so many is killed while it starts, within so long, in ms. */
const EARLY_KILL_SHARE = 0.1;
const START_MS = 600;

/** Between two changes of the sources, in ms. */
const STEP_MS = 250;

/** For the runs to have sent everything once nothing is killed any more, in ms. */
const SETTLE_MS = 180_000;
const LOOK_MS = 50;

/** Rows that are there before the first start, in steps. */
const FIRST_STEPS = 12;

/**
 * Kill the Campaign service again and again while its sources change and its calls go wrong; then compare what is in the sources,
 * what the receiver has accepted, and what was rejected.
 */
export async function runIngest({
  kills,
  seed,
  maxMs = Number.POSITIVE_INFINITY,
  onKill,
}: IngestOptions): Promise<CrashReport> {
  const random = createSeededRandom(seed);
  await using space = await createWorkspace();
  const receiver = await startReceiver(space);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => receiver.stop());
  const platform = stack.use(await startFaultyPlatform(receiver.settings.url, random));
  const sources = stack.use(await createBusySources(space.mappingsDir, random));
  const startedAt = performance.now();
  const isLate = () => performance.now() - startedAt > maxMs;
  const misfits: string[] = [];
  let isChanging = true;

  async function change(): Promise<void> {
    for (let step = 0; step < FIRST_STEPS; step += 1) await sources.step();
  }

  async function goOnChanging(): Promise<void> {
    while (isChanging) {
      await sources.step();
      await delay(STEP_MS);
    }
  }

  function launch(): ChildProcess {
    const { dataDir, mappingsDir } = space;
    const { settings } = receiver;
    const { url } = platform;
    const token = { ...settings.token, imsUrl: url };
    const told: KilledServiceSettings = {
      dataDir,
      mappingsDir,
      platform: { ...settings, url, token } as KilledServiceSettings['platform'],
    };
    const env = { ...process.env, NODE_OPTIONS: '', KILLED_SERVICE: JSON.stringify(told) };
    return spawn(process.execPath, ['--no-warnings', MAIN], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  async function liveAndBeKilled(): Promise<void> {
    const child = launch();
    const exited = once(child, 'exit');
    if (random() < EARLY_KILL_SHARE) {
      await delay(random() * START_MS);
    } else {
      await Promise.race([urlOf(child), exited]);
      const calls = platform.called(1 + Math.floor(random() * MAX_CALLS));
      await Promise.race([calls, exited, delay(LONGEST_LIFE_MS)]);
      await delay(random() * MAX_LIFE_MS);
    }
    child.kill('SIGKILL');
    const [code] = await exited;
    if (code !== null) misfits.push(`a service ended by itself with ${code}`);
  }

  /** Resolves once each mapping has had two runs, one after the other, that found nothing. */
  async function settle(child: ChildProcess): Promise<void> {
    const { admin } = await createServiceClient(await urlOf(child));
    const until = performance.now() + SETTLE_MS;
    for (const id of sources.mappingIds) {
      const newest = async () => {
        const { json } = await admin(`/jobs?mapping=${id}&limit=2`);
        return (json as { jobs: ListedJob[] }).jobs;
      };
      const [last] = await newest();
      for (;;) {
        const jobs = await newest();
        const areNew = jobs.length === 2 && jobs.every((job) => job.id > (last?.id ?? 0) + 1);
        if (areNew && jobs.every(hasFoundNothing)) break;
        if (performance.now() > until) {
          misfits.push(`${id} does not come to an end: ${JSON.stringify(jobs)}`);
          break;
        }
        await delay(LOOK_MS);
      }
    }
  }

  await change();
  const changing = goOnChanging();
  let killed = 0;
  while (killed < kills && !isLate()) {
    await liveAndBeKilled();
    killed += 1;
    onKill?.(killed);
  }
  isChanging = false;
  await changing;
  await sources.settle();
  const last = launch();
  const exited = once(last, 'exit');
  await settle(last);
  last.kill('SIGKILL');
  await exited;
  await stack.disposeAsync();
  const { violations, ...account } = await takeAccount(
    space.dataDir,
    sources.rows(),
    sources.mappingIds,
  );
  return {
    figures: {
      kills: killed,
      rows: sources.rows().length,
      ...account,
      faults: platform.faultCount,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
    },
    violations: [...misfits, ...violations],
  };
}

interface ListedJob {
  readonly id: number;
  readonly status: string;
  readonly numberOfRecords: number;
  readonly numberOfRejectedRecords: number;
}

function hasFoundNothing(job: ListedJob): boolean {
  return job.status === 'Success' && job.numberOfRecords + job.numberOfRejectedRecords === 0;
}

async function urlOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('a service without an output');
  for await (const line of createInterface({ input: stdout })) return line;
  return '';
}
