import { describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  IngestionTransitionsDocument,
  NodeByIdDocument,
  NodesDocument,
} from '../generated/operations.js';
import { askGateway } from '../support/ask-gateway.js';
import { useFollowedGateway } from '../support/followed-gateway.js';
import { readMetric } from '../support/metrics.js';
import { startTestGateway } from '../support/test-gateway.js';

const gateway = useFollowedGateway();
const { startOne, startElsewhere, finishOne } = gateway;

describe('an observed request', () => {
  it('is listed in pages, oldest first', async () => {
    const ref = await startOne();
    await gateway.upstream.finish();
    await gateway.client.subscribe(IngestionStatusChangedDocument, ref).completed;
    const page = async (variables: { first: number; after?: string | null }) => {
      const { data } = await gateway.client.execute(IngestionTransitionsDocument, {
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
    const { data } = await gateway.client.execute(IngestionStatusDocument, ref);
    const callCount = gateway.upstream.calls.length;
    const id = data?.ingestionStatus?.id ?? '';
    const found = await gateway.client.execute(NodeByIdDocument, { id });
    expect(found.data?.node).toMatchObject({
      __typename: 'IngestionRequest',
      id,
      requestId: ref.requestId,
    });
    expect(gateway.upstream.calls).toHaveLength(callCount);
    expect((await gateway.client.execute(NodeByIdDocument, { id: 'nonsense' })).data).toEqual({
      node: null,
    });
  });

  it('is found among many ids, as are transitions, up to a limit', async () => {
    const ref = await finishOne();
    const { data } = await gateway.client.execute(IngestionStatusDocument, ref);
    const paged = await gateway.client.execute(IngestionTransitionsDocument, ref);
    const transition = paged.data?.ingestionStatus?.transitions.nodes[0];
    const ids = [transition?.id ?? '', 'nonsense', data?.ingestionStatus?.id ?? ''];
    const found = await gateway.client.execute(NodesDocument, { ids });
    expect(found.data?.nodes).toEqual([
      { __typename: 'IngestionTransition', id: ids[0], cursor: transition?.cursor, to: 'SUCCESS' },
      null,
      { __typename: 'IngestionRequest', id: ids[2] },
    ]);
    const tooMany = await gateway.client.execute(NodesDocument, { ids: Array(101).fill(ids[0]) });
    expect(tooMany.errors).toMatchObject([
      { message: 'ids must have at most 100 items; these are 101.' },
    ]);
  });

  it('is found by its request id as well as by its ref', async () => {
    const ref = await finishOne();
    const { data } = await gateway.client.execute(IngestionStatusDocument, ref);
    const id = data?.ingestionStatus?.id ?? '';
    const ask = async (query: string) => askGateway(gateway.url, query);
    const asked = `{ one: ingestionStatus(id: "${id}") { requestId }
      many: ingestionStatuses(requests: [{ id: "${id}" }]) { requestId } }`;
    const { requestId } = ref;
    expect((await ask(asked)).data).toEqual({ one: { requestId }, many: [{ requestId }] });
    const watched = await ask(`mutation { endWatch(id: "${id}") { wasWatched } }`);
    expect(watched.data.endWatch).toEqual({ wasWatched: false });
    const events = await gateway.client.subscribe(IngestionStatusChangedDocument, { id }).completed;
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
    const unhurried = await startTestGateway(gateway.upstream.config, {
      pollMinMs: 60_000,
      pollMaxMs: 60_000,
    });
    const countBefore = gateway.upstream.calls.length;
    const asked = Array.from({ length: 50 }, () =>
      unhurried.client.execute(IngestionStatusDocument, ref),
    );
    const answers = await Promise.all(asked);
    expect(answers.every(({ data }) => data?.ingestionStatus?.status === 'IN_PROGRESS')).toBe(true);
    const calls = 'sluice_upstream_call_duration_seconds_count{operation="status",outcome="OK"}';
    expect(await readMetric(unhurried.url, calls)).toBe(1);
    expect(gateway.upstream.calls.length - countBefore).toBeLessThanOrEqual(3);
    await unhurried.stop();
  });
});
