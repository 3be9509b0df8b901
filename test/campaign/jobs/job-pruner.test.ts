import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Logger } from '../../../src/adobe/logger.js';
import { startJobPruner } from '../../../src/campaign/jobs/job-pruner.js';
import { createState } from '../../../src/campaign/state/state.js';
import { createDrivenClock } from '../support/driven-clock.js';
import { createWorkspace, mappingYaml, startService } from '../support/running-service.js';

const HOUR_MS = 3_600_000;
const RETENTION_MS = 90 * 24 * HOUR_MS;
const NOW = 10 * RETENTION_MS;

const RESULT = { batchId: null, numRecords: 0, numRejected: 1, reason: '' };

/** A state and a folder of rejects, and what prunes them. */
async function openStore() {
  const space = await createWorkspace();
  const rejectsDir = join(space.dataDir, 'rejects');
  await mkdir(rejectsDir, { recursive: true });
  const state = createState(join(space.dataDir, 'campaign.db'));
  const clock = createDrivenClock(NOW);
  const messages: [message: string, details: object][] = [];
  const note = (details: object, message: string) => void messages.push([message, details]);
  const logger: Logger = { info: note, warn: note, error: note };

  function run(mappingId: string, endedAt: number | null): number {
    state.mappings.introduce(mappingId, { publication: 'published', execution: 'stopped' });
    const jobId = state.jobs.create(mappingId, 0);
    state.requests.create(jobId);
    if (endedAt !== null) state.jobs.succeed(jobId, { ...RESULT, endedAt });
    return jobId;
  }

  return {
    state,
    clock,
    messages,
    run,
    reject: (jobId: number) => writeFile(join(rejectsDir, `job-${jobId}.ndjson`), '{}\n'),
    rejectsDir,
    jobIds: () => state.jobs.list({ limit: 1_000 }).map(({ id }) => id),
    prune: () => {
      const { oldJobs } = state;
      return startJobPruner({ oldJobs, rejectsDir, retentionMs: RETENTION_MS, clock, logger });
    },
    async [Symbol.asyncDispose]() {
      state.close();
      await space[Symbol.asyncDispose]();
    },
  };
}

const OLD = NOW - RETENTION_MS - 1;

describe('jobs past their retention', () => {
  it('are deleted with their requests and rejects, except for the last of each mapping', async () => {
    await using store = await openStore();
    const { run, state } = store;
    const old = run('A', OLD);
    const young = run('A', NOW - RETENTION_MS);
    const last = run('B', OLD);
    const beforeRunning = run('C', OLD);
    const running = run('C', null);
    for (const jobId of [old, young, last, beforeRunning, running]) await store.reject(jobId);

    const stop = store.prune();
    await store.clock.waitedFor();
    await stop();
    expect(store.jobIds()).toEqual([running, last, young]);
    expect([1, 2, 3, 4, 5].map((id) => state.requests.jobIdOf(id))).toEqual([
      null,
      young,
      last,
      null,
      running,
    ]);
    expect((await readdir(store.rejectsDir)).sort()).toEqual(
      [young, running].map((jobId) => `job-${jobId}.ndjson`),
    );
    expect(store.messages).toEqual([['old jobs were forgotten', { jobs: 2 }]]);
    // What was forgotten gives back no id.
    expect(state.requests.create(state.jobs.create('A', NOW))).toBe(6);
  });

  it('are deleted in portions, every hour', async () => {
    await using store = await openStore();
    store.state.transaction(() => {
      for (let count = 0; count < 250; count += 1) store.run('A', OLD);
    });
    const soonOld = store.run('A', OLD + HOUR_MS / 2);
    const last = store.run('A', NOW);

    const stop = store.prune();
    await store.clock.waitedFor();
    expect(store.jobIds()).toHaveLength(52);
    store.clock.advance(50);
    await store.clock.waitedFor();
    expect(store.jobIds()).toEqual([last, soonOld]);
    store.clock.advance(HOUR_MS);
    await store.clock.waitedFor();
    expect(store.jobIds()).toEqual([last]);
    await stop();
  });

  it('whose rejects cannot be deleted do not block others', async () => {
    await using store = await openStore();
    // As many as are looked at at a time.
    const stuck = Array.from({ length: 200 }, () => store.run('A', OLD));
    store.run('A', OLD);
    const last = store.run('A', NOW);
    // A folder is no file that can be deleted.
    for (const jobId of stuck) await mkdir(join(store.rejectsDir, `job-${jobId}.ndjson`));

    const stop = store.prune();
    await store.clock.waitedFor();
    store.clock.advance(50);
    await store.clock.waitedFor();
    await stop();
    expect(store.jobIds()).toEqual([last, ...stuck.toReversed()]);
    expect(store.messages.map(([message]) => message)).toEqual([
      ...stuck.map(() => 'the rejects of an old job could not be deleted'),
      'old jobs were forgotten',
    ]);
  });
});

describe('a service with a retention', () => {
  it('answers for an old request like for an unknown one, and never reuses its id', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M', { maxRejected: 5 }),
      'people.csv': 'id,name\n,Nobody\n',
    });
    const before = createDrivenClock(NOW);
    {
      await using service = await startService({ ...space, clock: before });
      for (const requestId of [1, 2]) {
        await service.post('M');
        await service.ended(requestId);
      }
    }

    const forgotten = Promise.withResolvers<void>();
    const note = (_details: object, message: string) => {
      if (message === 'old jobs were forgotten') forgotten.resolve();
    };
    await using service = await startService({
      ...space,
      clock: createDrivenClock(NOW + RETENTION_MS + 1),
      retentionMs: RETENTION_MS,
      logger: { info: note, warn: note, error: note },
    });
    await forgotten.promise;
    const { httpStatus, text } = await service.get('M', 1);
    const unknown = await service.get('M', 99);
    expect([httpStatus, text]).toEqual([404, unknown.text]);
    expect(text).toMatch(/^RST-360011 /);
    expect((await service.get('M', 2)).json).toMatchObject({ status: 'Success' });
    expect((await service.post('M')).json).toMatchObject({ requestId: 3 });
  });
});
