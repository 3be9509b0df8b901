import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DurableIngestionLog } from '../../src/datasources/log/ingestion-log.datasource.js';
import { openIngestionLog } from '../../test/support/sqlite-log.js';
import { fillLog, refOf } from '../support/filled-log.js';

/**
 * The cost of a page of history in a small and in a large log, which keyset paging over indexes must make equal.
 * Every request has two transitions. Prints the median of each and their ratio.
 */
const [small = 1_000, large = 1_000_000] = process.argv.slice(2).map(Number);
const ROUNDS = 300;
const PAGE_ITEMS = 25;
type Page = (log: DurableIngestionLog, transitionCount: number) => Promise<unknown>;

/** A different place in the log for each call. */
const anywhere = (transitionCount: number) =>
  1 + Math.floor(Math.random() * (transitionCount - 200));

const pages: Record<string, Page> = {
  'requests, the newest': (log) => log.list({}, null, PAGE_ITEMS),
  'requests, from anywhere': (log, count) => log.list({}, anywhere(count), PAGE_ITEMS),
  'requests of a mapping': (log, count) =>
    log.list({ mappings: { kind: 'mappings', mappingIds: ['M4'] } }, anywhere(count), PAGE_ITEMS),
  'requests in a status': (log, count) =>
    log.list({ statuses: ['SUCCESS'] }, anywhere(count), PAGE_ITEMS),
  'requests in a status that none has': (log) =>
    log.list({ statuses: ['FAILED'] }, null, PAGE_ITEMS),
  'transitions of a request': (log, count) => {
    const ref = refOf(Math.floor(anywhere(count) / 2));
    return log.read({ kind: 'request', ref }, 0, PAGE_ITEMS);
  },
  'activity from anywhere': (log, count) => log.read({ kind: 'all' }, anywhere(count), PAGE_ITEMS),
  'activity of three mappings': (log, count) =>
    log.read({ kind: 'mappings', mappingIds: ['M1', 'M2', 'M3'] }, anywhere(count), PAGE_ITEMS),
};

async function measure(transitionCount: number): Promise<Map<string, number>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-history-'));
  const finishedRequests = transitionCount / 2;
  await fillLog(dataDir, { finishedRequests, runningRequests: 0, observedAt: 1_000 });
  const onFatal = (error: Error) => {
    throw error;
  };
  const log = await openIngestionLog({ dataDir, onFatal });
  const medians = new Map<string, number>();
  for (const [name, page] of Object.entries(pages)) {
    const durations: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const startedAt = performance.now();
      await page(log, transitionCount);
      durations.push(performance.now() - startedAt);
    }
    durations.sort((a, b) => a - b);
    medians.set(name, durations[ROUNDS / 2] ?? Number.NaN);
  }
  await log.close();
  await rm(dataDir, { recursive: true });
  return medians;
}

// A warm-up: the first run also compiles the code.
await measure(small);
const inSmall = await measure(small);
const inLarge = await measure(large);
console.log(`A page of ${PAGE_ITEMS}, median of ${ROUNDS}, in ms\n`);
console.log(
  `${'page'.padEnd(38)}${`of ${small}`.padStart(12)}${`of ${large}`.padStart(14)}${'ratio'.padStart(8)}`,
);
for (const [name, ms] of inSmall) {
  const largeMs = inLarge.get(name) ?? Number.NaN;
  console.log(
    `${name.padEnd(38)}${ms.toFixed(3).padStart(12)}${largeMs.toFixed(3).padStart(14)}${(largeMs / ms).toFixed(2).padStart(8)}`,
  );
}
