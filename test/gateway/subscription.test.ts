import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionActivityDocument,
  IngestionRequestsDocument,
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  IngestionTransitionsDocument,
  LatestCursorDocument,
  NodeByIdDocument,
  NodesDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { askGateway } from '../support/ask-gateway.js';
import { createGraphQLClient, type GraphQLClient } from '../support/graphql-client.js';
import { readMetric, untilMetric as untilMetricIs } from '../support/metrics.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import { oddMappings, type TestUpstream } from '../support/test-upstream.js';

const mappingId = 'XDM44';
/** Its runs fail. */
const failing = 'Failing';

interface Ref extends Record<string, unknown> {
  readonly mappingId: string;
  readonly requestId: string;
}

let upstream: TestUpstream;
let gateway: TestGateway;
let client: GraphQLClient;

beforeAll(async () => {
  upstream = await startTestUpstream([mappingId, 'TestDoc', failing]);
  await upstream.willEnd(failing, 'failedEmpty');
  gateway = await startTestGateway(upstream.config);
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
});

beforeEach(() => {
  client = createGraphQLClient(gateway.url);
});

/** Nothing is watched any more: the next test may count calls, and what it starts is another request. */
afterEach(async () => {
  await client.close();
  await upstream.finish();
  await untilMetric('sluice_watches', 0);
  await untilMetric('sluice_stream_listeners', 0);
});

/** Through the gateway, which knows and watches it from then on. */
async function startOne(mapping = mappingId): Promise<Ref> {
  const { data } = await client.execute(StartIngestionDocument, { mappingId: mapping });
  const outcome = data?.startIngestion;
  if (outcome?.__typename !== 'IngestionSubmitted') throw new Error('It was not started.');
  return { mappingId: mapping, requestId: outcome.request.requestId };
}

/** Past the gateway, which has never heard of it. */
async function startElsewhere(mapping: string = mappingId): Promise<Ref> {
  return { mappingId: mapping, requestId: await upstream.startElsewhere(mapping) };
}

/** Past the gateway, too. */
async function finishOne(): Promise<Ref> {
  const ref = await startElsewhere();
  await upstream.finish();
  return ref;
}

/** Until the gateway has seen the end of all that earlier tests left. */
async function untilNothingRuns(): Promise<void> {
  await upstream.finish();
  for (;;) {
    const { data } = await client.execute(IngestionRequestsDocument, {
      filter: { statuses: ['IN_PROGRESS'] },
    });
    const running = data?.ingestionRequests.nodes ?? [];
    if (running.length === 0) return;
    for (const { mappingId, requestId } of running) {
      await client.execute(IngestionStatusDocument, { mappingId, requestId, maxAgeMs: 0 });
    }
  }
}

const metric = (name: string) => readMetric(gateway.url, name);
const untilMetric = (name: string, value: number) => untilMetricIs(gateway.url, name, value);

describe('ingestionStatusChanged', () => {
  it('delivers each transition of a started request, and completes after the terminal one', async () => {
    const ref = await startOne();
    const subscribed = client.subscribe(IngestionStatusChangedDocument, ref);
    await subscribed.received(1);
    await upstream.finish();
    const events = await subscribed.completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged)).toMatchObject([
      { from: null, to: 'IN_PROGRESS', numRecords: null, request: { requestId: ref.requestId } },
      { from: 'IN_PROGRESS', to: 'SUCCESS', numRecords: 15, request: { status: 'SUCCESS' } },
    ]);
    expect(await metric('sluice_stream_listeners')).toBe(0);
    expect(await metric('sluice_watches')).toBe(0);
  });

  it('delivers the same to a late subscriber, and asks the upstream nothing', async () => {
    const ref = await finishOne();
    await client.execute(IngestionStatusDocument, ref);
    const callCount = upstream.calls.length;
    const events = await client.subscribe(IngestionStatusChangedDocument, ref).completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged)).toMatchObject([
      { from: null, to: 'SUCCESS', numRecords: 15 },
    ]);
    expect(upstream.calls).toHaveLength(callCount);
  });

  it('asks the upstream about a request that somebody else started, and watches it', async () => {
    const ref = await startElsewhere(failing);
    const subscribed = client.subscribe(IngestionStatusChangedDocument, ref);
    await subscribed.received(1);
    await upstream.finish();
    const events = await subscribed.completed;
    expect(events.at(-1)?.data?.ingestionStatusChanged).toMatchObject({
      from: 'IN_PROGRESS',
      to: 'FAILED',
      failure: { code: 'ACP-880056' },
    });
  });

  it('continues after a cursor when the connection was lost, without a gap or a repeat', async () => {
    const ref = await startOne();
    const before = client.subscribe(IngestionStatusChangedDocument, ref);
    const [first] = await before.received(1);
    await client.close();
    await upstream.finish();
    client = createGraphQLClient(gateway.url);
    const after = first?.data?.ingestionStatusChanged.cursor ?? null;
    const events = await client.subscribe(IngestionStatusChangedDocument, { ...ref, after })
      .completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged.to)).toEqual(['SUCCESS']);
    const last = events[0]?.data?.ingestionStatusChanged.cursor ?? null;
    const again = client.subscribe(IngestionStatusChangedDocument, { ...ref, after: last });
    expect(await again.completed).toEqual([]);
  });

  it('reports that the upstream knows no such request', async () => {
    const unknown = { mappingId, requestId: '1' };
    const { completed } = client.subscribe(IngestionStatusChangedDocument, unknown);
    const error = { extensions: { code: 'INGESTION_REQUEST_NOT_FOUND' } };
    expect(await completed).toMatchObject([{ errors: [error] }]);
    expect(await metric('sluice_stream_listeners')).toBe(0);
    expect(await metric('sluice_watches')).toBe(0);
  });

  it('reports that the upstream cannot be asked about a new request', async () => {
    const forbidden = { mappingId: oddMappings.forbidden, requestId: '1' };
    const { completed } = client.subscribe(IngestionStatusChangedDocument, forbidden);
    const error = { extensions: { code: 'UPSTREAM_FORBIDDEN' } };
    expect(await completed).toMatchObject([{ errors: [error] }]);
  });

  it('survives a failure of the upstream, which the watch reports', async () => {
    const ref = await startOne(oddMappings.forbiddenAtFirst);
    const subscribed = client.subscribe(IngestionStatusChangedDocument, ref);
    await subscribed.received(1);
    let watch: unknown;
    do {
      const variables = { ...ref, maxAgeMs: 3_600_000 };
      const { data } = await client.execute(IngestionStatusDocument, variables);
      expect(data?.ingestionStatus?.status).toBe('IN_PROGRESS');
      watch = data?.ingestionStatus?.watch?.lastFailure;
    } while (!watch);
    expect(watch).toMatchObject({ code: 'UPSTREAM_FORBIDDEN', message: expect.any(String) });
    await upstream.finish();
    const events = await subscribed.completed;
    expect(events).toHaveLength(2);
  });

  it.each([1, 1_000])('costs the upstream the same polls with %i subscribers', async (count) => {
    const ref = await startOne();
    const clients = Array.from({ length: Math.ceil(count / 100) }, () =>
      createGraphQLClient(gateway.url),
    );
    const subscribed = Array.from({ length: count }, (_, index) =>
      (clients[index % clients.length] as GraphQLClient).subscribe(
        IngestionStatusChangedDocument,
        ref,
      ),
    );
    await Promise.all(subscribed.map(({ received }) => received(1)));
    expect(await metric('sluice_stream_listeners')).toBe(count);
    const countBefore = upstream.calls.length;
    await upstream.arrived(countBefore + 5);
    await upstream.finish();
    const events = await Promise.all(subscribed.map(({ completed }) => completed));
    // A loop for each subscriber would have asked once for each at least.
    expect(upstream.calls.length - countBefore).toBeLessThan(50);
    expect(events.every((delivered) => delivered.length === 2)).toBe(true);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('frees everything immediately when a client unsubscribes or vanishes', async () => {
    const ref = await startOne();
    const one = client.subscribe(IngestionStatusChangedDocument, ref);
    const leaving = createGraphQLClient(gateway.url);
    const other = leaving.subscribe(IngestionStatusChangedDocument, ref);
    await Promise.all([one.received(1), other.received(1)]);
    expect(await metric('sluice_stream_listeners')).toBe(2);
    one.unsubscribe();
    await untilMetric('sluice_stream_listeners', 1);
    await leaving.close();
    await untilMetric('sluice_stream_listeners', 0);
  });
});

describe('ingestionActivity', () => {
  const latest = async () =>
    (await client.execute(LatestCursorDocument, {})).data?.latestCursor ?? null;

  it('delivers what happens to any request from now on, or to those of the named mappings', async () => {
    await untilNothingRuns();
    await startOne();
    const after = await latest();
    const all = client.subscribe(IngestionActivityDocument, { after });
    const named = client.subscribe(IngestionActivityDocument, { mappingIds: ['TestDoc'], after });
    await untilMetric('sluice_stream_listeners', 2);
    await startOne('TestDoc');
    await all.received(1);
    await upstream.finish();
    const [, , third] = await all.received(3);
    const ofNamed = await named.received(2);
    expect(third).toBeDefined();
    expect(all.events.map(({ data }) => data?.ingestionActivity.request.mappingId).sort()).toEqual([
      'TestDoc',
      'TestDoc',
      mappingId,
    ]);
    expect(ofNamed.map(({ data }) => data?.ingestionActivity)).toMatchObject([
      { from: null, to: 'IN_PROGRESS', request: { mappingId: 'TestDoc' } },
      { from: 'IN_PROGRESS', to: 'SUCCESS', request: { mappingId: 'TestDoc' } },
    ]);
  });

  it('begins without a cursor with the newest transition, from which a disconnected client resumes', async () => {
    const ref = await finishOne();
    await client.execute(IngestionStatusDocument, ref);
    const before = client.subscribe(IngestionActivityDocument, {});
    const [newest] = await before.received(1);
    expect(newest?.data?.ingestionActivity).toMatchObject({
      to: 'SUCCESS',
      request: { requestId: ref.requestId },
    });
    await client.close();
    client = createGraphQLClient(gateway.url);
    const missed = await startOne();
    const after = newest?.data?.ingestionActivity.cursor ?? null;
    const again = client.subscribe(IngestionActivityDocument, { after });
    await again.received(1);
    await upstream.finish();
    // Others that ran end as well.
    const ofMissed = () =>
      again.events.filter(
        ({ data }) => data?.ingestionActivity.request.requestId === missed.requestId,
      );
    for (let count = 2; ofMissed().length < 2; count += 1) await again.received(count);
    expect(
      ofMissed().map(({ data }) => [
        data?.ingestionActivity.request.requestId,
        data?.ingestionActivity.to,
      ]),
    ).toEqual([
      [missed.requestId, 'IN_PROGRESS'],
      [missed.requestId, 'SUCCESS'],
    ]);
  });

  it('can begin at any moment with that moment’s cursor, even on an empty log', async () => {
    const empty = await startTestGateway(upstream.config);
    const { data } = await empty.client.execute(LatestCursorDocument, {});
    const ref = await finishOne();
    await empty.client.execute(IngestionStatusDocument, ref);
    const after = data?.latestCursor ?? null;
    const [event] = await empty.client.subscribe(IngestionActivityDocument, { after }).received(1);
    expect(event?.data?.ingestionActivity.request.requestId).toBe(ref.requestId);
    await empty.stop();
  });

  it('continues after a cursor', async () => {
    const ref = await finishOne();
    await client.execute(IngestionStatusDocument, ref);
    const { data } = await client.execute(IngestionTransitionsDocument, ref);
    const after = data?.ingestionStatus?.transitions.pageInfo.endCursor ?? null;
    const subscribed = client.subscribe(IngestionActivityDocument, { after });
    const next = await finishOne();
    await client.execute(IngestionStatusDocument, next);
    const events = await subscribed.received(1);
    expect(events.map(({ data }) => data?.ingestionActivity.request.requestId)).toEqual([
      next.requestId,
    ]);
  });
});

describe('a filter of the activity', () => {
  it('applies to the log and to what follows, by mapping and status', async () => {
    const { data } = await client.execute(LatestCursorDocument, {});
    const variables = {
      after: data?.latestCursor ?? null,
      filter: { mappingIds: [mappingId], statuses: ['SUCCESS' as const] },
    };
    const first = await startOne();
    await startOne(failing);
    await upstream.finish();
    const subscribed = client.subscribe(IngestionActivityDocument, variables);
    await subscribed.received(1);
    const second = await startOne();
    await upstream.finish();
    const events = await subscribed.received(2);
    expect(
      events.map((event) => [
        event.data?.ingestionActivity.to,
        event.data?.ingestionActivity.request.requestId,
      ]),
    ).toEqual([
      ['SUCCESS', first.requestId],
      ['SUCCESS', second.requestId],
    ]);
  });

  it.each([
    [{ mappingIds: ['a'], filter: { mappingIds: ['a'] } }, 'both'],
    [{ filter: { statuses: [] } }, 'statuses must not be empty'],
    [{ mappingIds: [] }, 'mappingIds must not be empty'],
  ])('is refused if it is invalid: %j', async (variables, text) => {
    const subscribed = client.subscribe(IngestionActivityDocument, variables);
    const error = {
      message: expect.stringContaining(text),
      extensions: { code: 'BAD_USER_INPUT' },
    };
    expect(await subscribed.completed).toMatchObject([{ errors: [error] }]);
  });
});

describe('an observed request', () => {
  it('is listed in pages, oldest first', async () => {
    const ref = await startOne();
    await upstream.finish();
    await client.subscribe(IngestionStatusChangedDocument, ref).completed;
    const page = async (variables: { first: number; after?: string | null }) => {
      const { data } = await client.execute(IngestionTransitionsDocument, {
        ...ref,
        ...variables,
      });
      return data?.ingestionStatus?.transitions;
    };
    const first = await page({ first: 1 });
    expect(first).toMatchObject({
      nodes: [{ to: 'IN_PROGRESS' }],
      pageInfo: { hasNextPage: true, hasPreviousPage: false },
    });
    expect(first?.edges[0]?.cursor).toBe(first?.nodes[0]?.cursor);
    const second = await page({ first: 1, after: first?.pageInfo.endCursor ?? null });
    expect(second).toMatchObject({
      nodes: [{ to: 'SUCCESS' }],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
  });

  it('is found by its global id, without a call if it is known', async () => {
    const ref = await finishOne();
    const { data } = await client.execute(IngestionStatusDocument, ref);
    const callCount = upstream.calls.length;
    const id = data?.ingestionStatus?.id ?? '';
    const found = await client.execute(NodeByIdDocument, { id });
    expect(found.data?.node).toMatchObject({
      __typename: 'IngestionRequest',
      id,
      requestId: ref.requestId,
    });
    expect(upstream.calls).toHaveLength(callCount);
    expect((await client.execute(NodeByIdDocument, { id: 'nonsense' })).data).toEqual({
      node: null,
    });
  });

  it('is found among many ids, as are transitions, up to a limit', async () => {
    const ref = await finishOne();
    const { data } = await client.execute(IngestionStatusDocument, ref);
    const paged = await client.execute(IngestionTransitionsDocument, ref);
    const transition = paged.data?.ingestionStatus?.transitions.nodes[0];
    const ids = [transition?.id ?? '', 'nonsense', data?.ingestionStatus?.id ?? ''];
    const found = await client.execute(NodesDocument, { ids });
    expect(found.data?.nodes).toEqual([
      { __typename: 'IngestionTransition', id: ids[0], cursor: transition?.cursor, to: 'SUCCESS' },
      null,
      { __typename: 'IngestionRequest', id: ids[2] },
    ]);
    const tooMany = await client.execute(NodesDocument, { ids: Array(101).fill(ids[0]) });
    expect(tooMany.errors).toMatchObject([
      { message: 'ids must have at most 100 items; these are 101.' },
    ]);
  });

  it('is found by its request id as well as by its ref', async () => {
    const ref = await finishOne();
    const { data } = await client.execute(IngestionStatusDocument, ref);
    const id = data?.ingestionStatus?.id ?? '';
    const ask = async (query: string) => askGateway(gateway.url, query);
    const asked = `{ one: ingestionStatus(id: "${id}") { requestId }
      many: ingestionStatuses(requests: [{ id: "${id}" }]) { requestId } }`;
    const { requestId } = ref;
    expect((await ask(asked)).data).toEqual({ one: { requestId }, many: [{ requestId }] });
    const watched = await ask(`mutation { endWatch(id: "${id}") { wasWatched } }`);
    expect(watched.data.endWatch).toEqual({ wasWatched: false });
    const events = await client.subscribe(IngestionStatusChangedDocument, { id }).completed;
    expect(events.map((event) => event.data?.ingestionStatusChanged.to)).toEqual(['SUCCESS']);
    const named = 'Name a request by its id, or by mappingId and requestId.';
    for (const [bad, message] of [
      [`id: "${id}", requestId: "1"`, named],
      ['requestId: "1"', named],
      ['id: "nonsense"', 'id must be the global id of an IngestionRequest.'],
    ]) {
      expect((await ask(`{ ingestionStatus(${bad}) { id } }`)).errors).toMatchObject([
        { message, extensions: { code: 'BAD_USER_INPUT' } },
      ]);
    }
  });

  it('is asked about once for many simultaneous queries', async () => {
    const ref = await startElsewhere();
    const unhurried = await startTestGateway(upstream.config, {
      pollMinMs: 60_000,
      pollMaxMs: 60_000,
    });
    const countBefore = upstream.calls.length;
    const asked = Array.from({ length: 50 }, () =>
      unhurried.client.execute(IngestionStatusDocument, ref),
    );
    const answers = await Promise.all(asked);
    expect(answers.every(({ data }) => data?.ingestionStatus?.status === 'IN_PROGRESS')).toBe(true);
    const calls = 'sluice_upstream_call_duration_seconds_count{operation="status",outcome="OK"}';
    expect(await readMetric(unhurried.url, calls)).toBe(1);
    expect(upstream.calls.length - countBefore).toBeLessThanOrEqual(3);
    await unhurried.stop();
  });
});
