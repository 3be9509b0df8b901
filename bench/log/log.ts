import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { readCommitCount } from '../../src/datasources/log/ingestion-log.meta.js';
import { openLog } from '../../src/datasources/log/sqlite/sqlite.log-file.js';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import { openIngestionLog } from '../../test/support/sqlite-log.js';
import { refOf } from '../support/filled-log.js';

/**
 * How the log handles bursts of observations, compared with a bare loop that writes one row per transaction on the
 * main thread, with the same durability.
 *
 *     npm run bench:log -- [bursts] [observations in one]
 */
const [bursts = 30, burstItems = 1_000] = process.argv.slice(2).map(Number);

interface Measured {
  readonly appendsPerS: number;
  readonly commitsPerBurst: number;
  /** How long the event loop was blocked, in ms. */
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const state: ReportedState = { status: 'IN_PROGRESS', info: 'Mapping Id: M.', batchId: null };
const NS_PER_MS = 1e6;

async function measure(run: () => Promise<number>): Promise<Measured> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const startedAt = performance.now();
  const commits = await run();
  const seconds = (performance.now() - startedAt) / 1000;
  // The timer that measures only sees the last delay now.
  await setImmediate();
  delays.disable();
  return {
    appendsPerS: (bursts * burstItems) / seconds,
    commitsPerBurst: commits / bursts,
    delayMs: {
      p50: delays.percentile(50) / NS_PER_MS,
      p99: delays.percentile(99) / NS_PER_MS,
      max: delays.max / NS_PER_MS,
    },
  };
}

async function measureLog(): Promise<Measured> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-log-'));
  const onFatal = (error: Error) => {
    throw error;
  };
  const log = await openIngestionLog({ dataDir, onFatal });
  const measured = await measure(async () => {
    for (let burst = 0; burst < bursts; burst += 1) {
      const observations = Array.from({ length: burstItems }, (_, index) => ({
        ref: refOf(burst * burstItems + index),
        seen: state,
        observedAt: burst,
      }));
      await Promise.all(observations.map(log.append));
    }
    return 0;
  });
  await log.close();
  const { db, mark } = await openLog(dataDir);
  const commits = await readCommitCount(db);
  mark.close();
  await db.destroy();
  await rm(dataDir, { recursive: true });
  return { ...measured, commitsPerBurst: commits / bursts };
}

/** One row per transaction, one after the other, with a turn of the event loop after each. */
async function measureBareLoop(): Promise<Measured> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-log-'));
  const database = new DatabaseSync(join(dataDir, 'bare.db'));
  database.exec('pragma locking_mode = exclusive');
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = full');
  database.exec(
    'create table transitions (position integer primary key, request_key text, to_status text, info text, observed_at integer)',
  );
  const insert = database.prepare('insert into transitions values (null, ?, ?, ?, ?)');
  const measured = await measure(async () => {
    for (let item = 0; item < bursts * burstItems; item += 1) {
      insert.run(JSON.stringify(refOf(item)), state.status, state.info, item);
      await setImmediate();
    }
    return bursts * burstItems;
  });
  database.close();
  await rm(dataDir, { recursive: true });
  return measured;
}

// A warm-up: the first run also compiles the code.
await measureLog();
const log = await measureLog();
const bare = await measureBareLoop();
console.log(`${bursts} bursts of ${burstItems} observations of new requests, all at once\n`);
console.log(
  `${''.padEnd(26)}${'log'.padStart(10)}${'bare loop'.padStart(12)}${'ratio'.padStart(9)}`,
);
const line = (name: string, ours: number, theirs: number) =>
  console.log(
    `${name.padEnd(26)}${ours.toFixed(2).padStart(10)}${theirs.toFixed(2).padStart(12)}${(ours / theirs).toFixed(3).padStart(9)}`,
  );
line('appends a second', log.appendsPerS, bare.appendsPerS);
line('commits (fsyncs) a burst', log.commitsPerBurst, bare.commitsPerBurst);
line('event loop delay p50, ms', log.delayMs.p50, bare.delayMs.p50);
line('event loop delay p99, ms', log.delayMs.p99, bare.delayMs.p99);
line('event loop delay max, ms', log.delayMs.max, bare.delayMs.max);
