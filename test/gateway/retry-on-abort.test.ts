import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionActivityDocument,
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { deleteDatabase } from '../support/log-database.js';
import { untilMetric } from '../support/metrics.js';
import { askAboutRetries } from '../support/retried-requests.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import {
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/test-gateway.js';
import { oddMappings, type TestUpstream } from '../support/test-upstream.js';

/** One mapping for each test. */
const MAPPINGS = Array.from({ length: 20 }, (_, index) => `XDM${index}`);
/** Started before and after the starts of a test: the difference of their ids tells how many those were. */
const [BEFORE, BEHIND] = ['before', 'behind'];

let upstream: TestUpstream;
let dataDir: string;
let gateway: TestGateway;

/** A new one for each test. */
let mappingId: string;
let testCount = 0;
/** The upstream's ids of the requests of this test, in order. */
let ids: readonly [string, string, string, string];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'retry-'));
  upstream = await startTestUpstream([BEFORE, BEHIND, ...MAPPINGS]);
  gateway = await startOne();
});

beforeEach(async () => {
  mappingId = MAPPINGS[testCount] as string;
  testCount += 1;
  const last = Number(await upstream.startElsewhere(BEFORE));
  ids = [`${last + 1}`, `${last + 2}`, `${last + 3}`, `${last + 4}`];
});

// The next test would abort what still runs, and so have it retried.
afterEach(() => upstream.finish());

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
  await deleteDatabase(dataDir);
});

const startOne = (overrides: TestGatewayOptions = {}) =>
  startTestGateway(upstream.config, { dataDir, retryBackoffMs: 10, ...overrides });

async function restart(overrides: TestGatewayOptions = {}): Promise<void> {
  await gateway.stop();
  gateway = await startOne(overrides);
}

const { toRef, start, untilEnd, lineage } = askAboutRetries(() => ({ gateway, mappingId }));

/** The delay between two polls, in ms. */
const LOOK_MS = 15;

/** Wait until a request has been retried. */
async function untilRetried(requestId: string): Promise<void> {
  while ((await lineage(requestId))?.[0]?.[2] === null) {
    await setTimeout(LOOK_MS);
  }
}

/** The id of the next request counts the starts before it, including those that were in progress. */
async function expectStarted(count: number): Promise<void> {
  await gateway.client.execute(StartIngestionDocument, { mappingId: oddMappings.unpublished });
  expect(await upstream.startElsewhere(BEHIND)).toBe(String(Number(ids[0]) + count));
}

describe('retryOnAbort', () => {
  it('submits as many new requests as allowed, each with its attempt', async () => {
    await start(2);
    for (const [index, requestId] of ids.slice(0, 3).entries()) {
      await upstream.abort();
      expect(await untilEnd(requestId)).toEqual(['IN_PROGRESS', 'ABORTED']);
      if (index < 2) await untilRetried(requestId);
    }
    await expectStarted(3);
    expect(await lineage(...ids.slice(0, 3))).toEqual([
      [1, null, ids[1]],
      [2, ids[0], ids[2]],
      [3, ids[1], null],
    ]);
  });

  it('submits nothing if it is 0, or after another terminal status', async () => {
    await start(0);
    await upstream.abort();
    await untilEnd(ids[0]);
    await upstream.willEnd(mappingId, 'failedEmpty');
    await start(5);
    await upstream.finish();
    expect(await untilEnd(ids[1])).toEqual(['IN_PROGRESS', 'FAILED']);
    await upstream.willEnd(mappingId, 'failedInBatch');
    await start(5);
    await upstream.finish();
    expect(await untilEnd(ids[2])).toEqual(['IN_PROGRESS', 'FAILED']);
    await upstream.willEnd(mappingId, 'success');
    await start(5);
    await upstream.finish();
    expect(await untilEnd(ids[3])).toEqual(['IN_PROGRESS', 'SUCCESS']);
    await restart();
    await expectStarted(4);
    expect(await lineage(...ids)).toEqual(Array(4).fill([1, null, null]));
  });

  it.each([-1, 6])('must be 0 to 5, not %i', async (retryOnAbort) => {
    const { errors } = await start(retryOnAbort);
    expect(errors).toMatchObject([
      {
        message: `retryOnAbort must be 0 to 5; this is ${retryOnAbort}.`,
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  it('appears in the activity as a separate request', async () => {
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    const activity = gateway.client.subscribe(IngestionActivityDocument, {
      mappingIds: [mappingId],
    });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 1);
    await start(1);
    await upstream.abort();
    await activity.received(3);
    await upstream.finish();
    const events = await activity.received(4);
    expect(
      events.map(({ data }) => [
        data?.ingestionActivity.request.requestId,
        data?.ingestionActivity.to,
      ]),
    ).toEqual([
      [ids[0], 'IN_PROGRESS'],
      [ids[0], 'ABORTED'],
      [ids[1], 'IN_PROGRESS'],
      [ids[1], 'SUCCESS'],
    ]);
  });

  it('returns the first request for a repeated key, even after a retry', async () => {
    await start(1, mappingId);
    await upstream.abort();
    await untilRetried(ids[0]);
    const { data } = await start(1, mappingId);
    expect(data?.startIngestion).toMatchObject({
      request: { requestId: ids[0], status: 'ABORTED' },
    });
    await expectStarted(2);
  });

  it('submits one retry however many observe the end', async () => {
    await start(5);
    await upstream.abort();
    const ask = () =>
      gateway.client.execute(IngestionStatusDocument, { ...toRef(ids[0]), maxAgeMs: 0 });
    await Promise.all(Array.from({ length: 30 }, ask));
    await untilRetried(ids[0]);
    await restart();
    await restart();
    await expectStarted(2);
    expect(await lineage(ids[0])).toEqual([[1, null, ids[1]]]);
  });
});

describe('a retry', () => {
  it('is submitted once by the next gateway if it waits when this one stops', async () => {
    await restart({ retryBackoffMs: 3_600_000 });
    await start(1);
    await upstream.abort();
    await untilEnd(ids[0]);
    await restart();
    await untilRetried(ids[0]);
    await restart();
    await expectStarted(2);
    expect(await lineage(ids[0], ids[1])).toEqual([
      [1, null, ids[1]],
      [2, ids[0], null],
    ]);
  });

  it('does not affect subscribers to the first request while it runs', async () => {
    await start(1);
    const first = gateway.client.subscribe(IngestionStatusChangedDocument, toRef(ids[0]));
    await first.received(1);
    await upstream.abort();
    const events = await first.completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged)).toMatchObject([
      { from: null, to: 'IN_PROGRESS', request: { requestId: ids[0] } },
      { from: 'IN_PROGRESS', to: 'ABORTED', request: { requestId: ids[0], isTerminal: true } },
    ]);
    await untilRetried(ids[0]);
    expect(events).toHaveLength(2);
  });
});
