import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createState } from '../../src/campaign/state/state.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  type RunningService,
  startReceiver,
  startService,
} from '../campaign/support/running-service.js';
import { ingestPath } from '../campaign/support/service-client.js';
import { listenToCalls } from './arrived-calls.js';
import { toUpstream } from './faulty-campaign.js';
import { createHeldClock } from './held-clock.js';
import { hiddenFaults } from './hidden-faults.js';
import {
  FIRST_REQUEST_ID,
  lossyMappings,
  oddMappings,
  type RunEnd,
  type TestUpstream,
} from './test-upstream.js';

/** So slow that each run waits after its first records for longer than any test, until it is released. */
const RECORDS_PER_SECOND = 0.01;

/** As many rows as are read at once, followed by one that stops the reading before a batch exists. */
const UNREADABLE = `${peopleCsv(200)}"a quote that is never closed`;

/** The source that leads a run to each outcome. */
const SOURCES: Readonly<Record<RunEnd, string>> = {
  success: peopleCsv(15),
  failedEmpty: UNREADABLE,
  failedInBatch: 'id,name\np-1,Mallory\n',
};

/** Distinguishes its calls from those of a gateway. */
const SOMEBODY_ELSE = 'somebody else';

/** Start the Campaign service and a receiver behind it. */
export async function startRealCampaign(mappingIds: readonly string[]): Promise<TestUpstream> {
  await using starting = new AsyncDisposableStack();
  const ids = [...mappingIds, ...Object.values(oddMappings), ...lossyMappings];
  const sourceOf = (mappingId: string) => `source-${ids.indexOf(mappingId)}.csv`;
  const space = starting.use(
    await createWorkspace(
      Object.fromEntries(
        ids.flatMap((id) => [
          [`mapping-${ids.indexOf(id)}.yaml`, toMapping(id, sourceOf(id))],
          [sourceOf(id), SOURCES.success],
        ]),
      ),
    ),
  );
  await beginRequestIdsAt(FIRST_REQUEST_ID, space.dataDir);
  const receiver = await startReceiver(space);
  starting.defer(() => receiver.stop());
  const clock = createHeldClock();
  const start = (port: number) =>
    startService({ ...space, platform: receiver.settings, clock, faults: hiddenFaults, port });
  let service = await start(0);
  starting.defer(() => service.stop());
  const { url } = service;
  const port = Number(new URL(url).port);
  const { calls, arrived, stop } = listenToCalls(port, SOMEBODY_ELSE);
  starting.defer(stop);
  const running = starting.move();

  return {
    url,
    config: toUpstream(url),
    calls,
    arrived,
    startElsewhere: (mappingId) => startWithoutFaults(service, mappingId),
    willEnd: (mappingId, end) =>
      writeFile(join(space.mappingsDir, sourceOf(mappingId)), SOURCES[end]),
    async finish() {
      const jobIds = await heldJobs(service);
      clock.freeRuns();
      await Promise.all(jobIds.map((jobId) => service.jobEnded(jobId)));
      clock.holdRuns();
    },
    async abort() {
      await service.stop();
      service = await start(port);
    },
    hold: clock.holdCalls,
    release: clock.letCallsGo,
    close: () => running.disposeAsync(),
  };
}

function toMapping(id: string, path: string): string {
  return mappingYaml(id, {
    source: { kind: 'csv', path },
    recordsPerSecond: RECORDS_PER_SECOND,
    publication: id === oddMappings.unpublished ? 'unpublished' : 'published',
    execution: id === oddMappings.scheduled ? 'started' : 'stopped',
  });
}

/** Create the state of a service that has had many requests. */
async function beginRequestIdsAt(firstId: number, dataDir: string): Promise<void> {
  const campaignDir = join(dataDir, 'campaign');
  await mkdir(campaignDir, { recursive: true });
  const file = join(campaignDir, 'campaign.db');
  createState(file).close();
  const database = new DatabaseSync(file);
  database
    .prepare(`INSERT INTO sqlite_sequence (name, seq) VALUES ('request', ?)`)
    .run(firstId - 1);
  database.close();
}

async function startWithoutFaults(
  { call, headers }: RunningService,
  mappingId: string,
): Promise<string> {
  for (;;) {
    const { httpStatus, json } = await call(ingestPath(mappingId), {
      method: 'POST',
      headers: { ...headers, 'user-agent': SOMEBODY_ELSE },
    });
    if (httpStatus === 200) return String((json as { requestId: number }).requestId);
  }
}

/** A held run has not uploaded anything yet. */
async function heldJobs({ admin }: RunningService): Promise<number[]> {
  const { json } = await admin('/jobs?limit=100&status=Created');
  return (json as { jobs: { id: number }[] }).jobs.map(({ id }) => id);
}
