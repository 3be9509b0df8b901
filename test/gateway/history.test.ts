import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createIngestionLog } from '../../src/datasources/ingestion-log.datasource.js';
import {
  IngestionActivityDocument,
  IngestionRequestsDocument,
  type IngestionRequestsQueryVariables,
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
} from '../generated/operations.js';
import { statusAnswers } from '../support/campaign-answers.js';
import { deleteDatabase, openTestLog } from '../support/log-database.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

const DAY_MS = 86_400_000;

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'history-'));
  upstream = await startScriptedUpstream();
  upstream.otherwise((response, call) => {
    const mapping = call.rawPath.split('/').at(-2) ?? '';
    const id = new URL(call.rawPath, upstream.url).searchParams.get('requestId');
    const answer = mapping === 'running' ? statusAnswers.inProgress : statusAnswers.success;
    json(200, answer(mapping, id))(response, call);
  });
  gateway = await startTestGateway(upstream.url, { dataDir });
});

afterEach(async () => {
  await gateway.stop();
  await upstream.close();
  await deleteDatabase(dataDir);
});

const ask = (mappingId: string, requestId: string) =>
  gateway.client.execute(IngestionStatusDocument, { mappingId, requestId, maxAgeMs: 3_600_000 });

async function list(variables: IngestionRequestsQueryVariables) {
  const { data, errors } = await gateway.client.execute(IngestionRequestsDocument, variables);
  expect(errors).toBeUndefined();
  const { nodes, pageInfo } = data?.ingestionRequests ?? {};
  return { ids: nodes?.map(({ requestId }) => requestId), pageInfo };
}

describe('ingestionRequests', () => {
  it('lists what was seen, newest first, in pages that stay in place while requests are added', async () => {
    for (const id of ['1', '2', '3']) await ask('done', id);
    const first = await list({ first: 2 });
    expect(first).toMatchObject({
      ids: ['3', '2'],
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    await ask('done', '4');
    const second = await list({ first: 2, after: first.pageInfo?.endCursor ?? null });
    expect(second).toMatchObject({
      ids: ['1'],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
  });

  it('narrows by mapping, status and time', async () => {
    await ask('done', '1');
    await ask('running', '2');
    expect((await list({ filter: { mappingIds: ['running'] } })).ids).toEqual(['2']);
    expect((await list({ filter: { statuses: ['SUCCESS', 'ABORTED'] } })).ids).toEqual(['1']);
    const soon = new Date(Date.now() + DAY_MS).toISOString();
    expect((await list({ filter: { observedBefore: soon } })).ids).toEqual(['2', '1']);
    expect((await list({ filter: { observedAfter: soon } })).ids).toEqual([]);
    expect((await list({ filter: { startedBy: 'nobody' } })).ids).toEqual([]);
  });

  it('is there again after a restart, and running requests are watched again', async () => {
    await ask('done', '1');
    await ask('running', '2');
    await gateway.stop();
    const callCount = upstream.calls.length;
    gateway = await startTestGateway(upstream.url, { dataDir });
    expect((await list({})).ids).toEqual(['2', '1']);
    const [poll] = (await upstream.arrived(callCount + 1)).slice(callCount);
    expect(poll?.rawPath).toContain('/running/');
  });
});

describe('a log of another upstream', () => {
  it('is not taken for that of this one, whose request ids are others', async () => {
    const { port } = new URL(upstream.url);
    const other = {
      kind: 'remote' as const,
      identity: 'acme at https://elsewhere.example',
      url: new URL(`http://127.0.0.1:${port}`),
      organization: 'acme',
      apiKey: 'planted-api-key',
      token: { kind: 'ready' as const, accessToken: 'planted-access-token' },
    };
    await gateway.stop();
    await expect(startTestGateway(upstream.url, { dataDir, upstream: other })).rejects.toThrow(
      'holds the log of a scripted upstream, and the upstream is acme at https://elsewhere.example now, whose request ids are others. Set DATA',
    );
    gateway = await startTestGateway(upstream.url, { dataDir });
  });
});

describe('a cursor from before a restart', () => {
  it('is still good: the stream goes on behind it', async () => {
    await ask('done', '1');
    const ref = { mappingId: 'running', requestId: '2' };
    const before = gateway.client.subscribe(IngestionStatusChangedDocument, ref);
    const [first] = await before.received(1);
    await gateway.stop();
    upstream.otherwise(json(200, statusAnswers.success('running', 2)));
    gateway = await startTestGateway(upstream.url, { dataDir });
    const after = first?.data?.ingestionStatusChanged.cursor ?? null;
    const events = await gateway.client.subscribe(IngestionStatusChangedDocument, { ...ref, after })
      .completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged)).toMatchObject([
      { from: 'IN_PROGRESS', to: 'SUCCESS' },
    ]);
  });
});

describe('what is past its time', () => {
  it('is forgotten, and a cursor from before that is refused with words that say so', async () => {
    await gateway.stop();
    const log = await createIngestionLog(await openTestLog(dataDir));
    const longAgo = Date.now() - 91 * DAY_MS;
    const state = { info: '', batchId: null } as const;
    const old = { mappingId: 'done', requestId: '1' };
    const still = { mappingId: 'running', requestId: '2' };
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

    gateway = await startTestGateway(upstream.url, { dataDir });
    let ids: string[] | undefined;
    do {
      ({ ids } = await list({}));
    } while (ids?.includes('1'));
    expect(ids).toEqual(['3', '2']);

    const refused = [
      expect.objectContaining({
        message: expect.stringContaining('no longer kept'),
        extensions: { code: 'CURSOR_INVALID' },
      }),
    ];
    const activity = (after: string) =>
      gateway.client.subscribe(IngestionActivityDocument, { after });
    await expect(activity(beginning).completed).rejects.toEqual(refused);
    const known = gateway.client.subscribe(IngestionStatusChangedDocument, {
      ...still,
      after: beginning,
    });
    expect(await known.received(1)).toHaveLength(1);
    const forgotten = gateway.client.subscribe(IngestionStatusChangedDocument, {
      ...old,
      after: beginning,
    });
    await expect(forgotten.completed).rejects.toEqual(refused);
    const events = await activity(cursor).received(2);
    expect(events.map(({ data }) => data?.ingestionActivity.request.requestId)).toEqual(['2', '3']);
  });
});
