import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createIngestionLog } from '../../src/datasources/log/ingestion-log.datasource.js';
import {
  IngestionActivityDocument,
  IngestionRequestsDocument,
  type IngestionRequestsQueryVariables,
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
} from '../generated/operations.js';
import { deleteDatabase, openTestLog } from '../support/log-database.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import type { TestUpstream } from '../support/test-upstream.js';

const DAY_MS = 86_400_000;

let upstream: TestUpstream;
let gateway: TestGateway;
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'history-'));
  upstream = await startTestUpstream(['done', 'running']);
  gateway = await startTestGateway(upstream.config, { dataDir });
});

afterEach(async () => {
  await gateway.stop();
  await upstream.close();
  await deleteDatabase(dataDir);
});

/** Make the gateway observe a request that somebody else started, and that has ended if its mapping is `done`. */
async function see(mappingId: 'done' | 'running'): Promise<string> {
  const requestId = await upstream.startElsewhere(mappingId);
  if (mappingId === 'done') await upstream.finish();
  const ref = { mappingId, requestId, maxAgeMs: 3_600_000 };
  await gateway.client.execute(IngestionStatusDocument, ref);
  return requestId;
}

async function list(variables: IngestionRequestsQueryVariables) {
  const { data, errors } = await gateway.client.execute(IngestionRequestsDocument, variables);
  expect(errors).toBeUndefined();
  const { nodes, pageInfo } = data?.ingestionRequests ?? {};
  return { ids: nodes?.map(({ requestId }) => requestId), pageInfo };
}

describe('ingestionRequests', () => {
  it('lists observed requests newest first, in pages that stay stable while requests are added', async () => {
    const [oldest, older, newer] = [await see('done'), await see('done'), await see('done')];
    const first = await list({ first: 2 });
    expect(first).toMatchObject({
      ids: [newer, older],
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    await see('done');
    const second = await list({ first: 2, after: first.pageInfo?.endCursor ?? null });
    expect(second).toMatchObject({
      ids: [oldest],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
  });

  it('filters by mapping, status and time', async () => {
    const done = await see('done');
    const running = await see('running');
    expect((await list({ filter: { mappingIds: ['running'] } })).ids).toEqual([running]);
    expect((await list({ filter: { statuses: ['SUCCESS', 'ABORTED'] } })).ids).toEqual([done]);
    const soon = new Date(Date.now() + DAY_MS).toISOString();
    expect((await list({ filter: { observedBefore: soon } })).ids).toEqual([running, done]);
    expect((await list({ filter: { observedAfter: soon } })).ids).toEqual([]);
    expect((await list({ filter: { startedBy: 'nobody' } })).ids).toEqual([]);
  });

  it('survives a restart, after which running requests are watched again', async () => {
    const seen = [await see('done'), await see('running')];
    await gateway.stop();
    const callCount = upstream.calls.length;
    gateway = await startTestGateway(upstream.config, { dataDir });
    expect((await list({})).ids).toEqual(seen.toReversed());
    const [poll] = (await upstream.arrived(callCount + 1)).slice(callCount);
    expect(poll?.mappingId).toBe('running');
  });
});

describe('a log of another upstream', () => {
  it('is not used for this one, whose request ids differ', async () => {
    const other = { ...upstream.config, identity: 'acme at https://elsewhere.example' };
    await gateway.stop();
    await expect(startTestGateway(other, { dataDir })).rejects.toThrow(
      'holds the log of a test upstream, and the upstream is acme at https://elsewhere.example now, which has other request ids. Set DATA',
    );
    gateway = await startTestGateway(upstream.config, { dataDir });
  });
});

describe('a cursor from before a restart', () => {
  it('is still valid: the stream continues after it', async () => {
    await see('done');
    const ref = { mappingId: 'running', requestId: await upstream.startElsewhere('running') };
    const before = gateway.client.subscribe(IngestionStatusChangedDocument, ref);
    const [first] = await before.received(1);
    await gateway.stop();
    await upstream.finish();
    gateway = await startTestGateway(upstream.config, { dataDir });
    const after = first?.data?.ingestionStatusChanged.cursor ?? null;
    const events = await gateway.client.subscribe(IngestionStatusChangedDocument, { ...ref, after })
      .completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged)).toMatchObject([
      { from: 'IN_PROGRESS', to: 'SUCCESS' },
    ]);
  });
});

describe('an old request', () => {
  it('is pruned, and an earlier cursor is refused with an explanation', async () => {
    await gateway.stop();
    const log = await createIngestionLog(await openTestLog(dataDir));
    const longAgo = Date.now() - 91 * DAY_MS;
    const state = { info: '', batchId: null } as const;
    const old = { mappingId: 'done', requestId: '1' };
    const running = await upstream.startElsewhere('running');
    const still = { mappingId: 'running', requestId: running };
    await log.append({ ref: old, seen: { status: 'FAILED', ...state }, observedAt: longAgo });
    await log.append({
      ref: still,
      seen: { status: 'IN_PROGRESS', ...state },
      observedAt: longAgo,
    });
    await log.append({
      ref: { mappingId: 'done', requestId: '3' },
      seen: { status: 'FAILED', ...state },
      observedAt: Date.now() - 89 * DAY_MS,
    });
    const cursor = log.toCursor(1);
    const beginning = log.toCursor(0);
    await log.close();

    gateway = await startTestGateway(upstream.config, { dataDir });
    let ids: string[] | undefined;
    do {
      ({ ids } = await list({}));
    } while (ids?.includes('1'));
    expect(ids).toEqual(['3', running]);

    const refused = [
      {
        errors: [
          expect.objectContaining({
            message: expect.stringContaining('no longer has everything'),
            extensions: { code: 'CURSOR_INVALID' },
          }),
        ],
      },
    ];
    const activity = (after: string) =>
      gateway.client.subscribe(IngestionActivityDocument, { after });
    expect(await activity(beginning).completed).toEqual(refused);
    const known = gateway.client.subscribe(IngestionStatusChangedDocument, {
      ...still,
      after: beginning,
    });
    expect(await known.received(1)).toHaveLength(1);
    const forgotten = gateway.client.subscribe(IngestionStatusChangedDocument, {
      ...old,
      after: beginning,
    });
    expect(await forgotten.completed).toEqual(refused);
    const events = await activity(cursor).received(2);
    expect(events.map(({ data }) => data?.ingestionActivity.request.requestId)).toEqual([
      running,
      '3',
    ]);
  });
});
