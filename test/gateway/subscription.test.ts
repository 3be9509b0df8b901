import { describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
} from '../generated/operations.js';
import { failing, mappingId, useFollowedGateway } from '../support/followed-gateway.js';
import { createGraphQLClient, type GraphQLClient } from '../support/graphql-client.js';
import { oddMappings } from '../support/test-upstream.js';

const gateway = useFollowedGateway();
const { startOne, startElsewhere, finishOne, metric, untilMetric } = gateway;

describe('ingestionStatusChanged', () => {
  it('delivers each transition of a started request, and completes after the terminal one', async () => {
    const ref = await startOne();
    const subscribed = gateway.client.subscribe(IngestionStatusChangedDocument, ref);
    await subscribed.received(1);
    await gateway.upstream.finish();
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
    await gateway.client.execute(IngestionStatusDocument, ref);
    const callCount = gateway.upstream.calls.length;
    const events = await gateway.client.subscribe(IngestionStatusChangedDocument, ref).completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged)).toMatchObject([
      { from: null, to: 'SUCCESS', numRecords: 15 },
    ]);
    expect(gateway.upstream.calls).toHaveLength(callCount);
  });

  it('asks the upstream about a request that somebody else started, and watches it', async () => {
    const ref = await startElsewhere(failing);
    const subscribed = gateway.client.subscribe(IngestionStatusChangedDocument, ref);
    await subscribed.received(1);
    await gateway.upstream.finish();
    const events = await subscribed.completed;
    expect(events.at(-1)?.data?.ingestionStatusChanged).toMatchObject({
      from: 'IN_PROGRESS',
      to: 'FAILED',
      failure: { code: 'ACP-880056' },
    });
  });

  it('continues after a cursor when the connection was lost, without a gap or a repeat', async () => {
    const ref = await startOne();
    const before = gateway.client.subscribe(IngestionStatusChangedDocument, ref);
    const [first] = await before.received(1);
    await gateway.client.close();
    await gateway.upstream.finish();
    gateway.reconnect();
    const after = first?.data?.ingestionStatusChanged.cursor ?? null;
    const events = await gateway.client.subscribe(IngestionStatusChangedDocument, { ...ref, after })
      .completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged.to)).toEqual(['SUCCESS']);
    const last = events[0]?.data?.ingestionStatusChanged.cursor ?? null;
    const again = gateway.client.subscribe(IngestionStatusChangedDocument, { ...ref, after: last });
    expect(await again.completed).toEqual([]);
  });

  it('reports that the upstream knows no such request', async () => {
    const unknown = { mappingId, requestId: '1' };
    const { completed } = gateway.client.subscribe(IngestionStatusChangedDocument, unknown);
    const error = { extensions: { code: 'INGESTION_REQUEST_NOT_FOUND' } };
    expect(await completed).toMatchObject([{ errors: [error] }]);
    expect(await metric('sluice_stream_listeners')).toBe(0);
    expect(await metric('sluice_watches')).toBe(0);
  });

  it('reports that the upstream cannot be asked about a new request', async () => {
    const forbidden = { mappingId: oddMappings.forbidden, requestId: '1' };
    const { completed } = gateway.client.subscribe(IngestionStatusChangedDocument, forbidden);
    const error = { extensions: { code: 'UPSTREAM_FORBIDDEN' } };
    expect(await completed).toMatchObject([{ errors: [error] }]);
  });

  it('survives a failure of the upstream, which the watch reports', async () => {
    const ref = await startOne(oddMappings.forbiddenAtFirst);
    const subscribed = gateway.client.subscribe(IngestionStatusChangedDocument, ref);
    await subscribed.received(1);
    let watch: unknown;
    do {
      const variables = { ...ref, maxAgeMs: 3_600_000 };
      const { data } = await gateway.client.execute(IngestionStatusDocument, variables);
      expect(data?.ingestionStatus?.status).toBe('IN_PROGRESS');
      watch = data?.ingestionStatus?.watch?.lastFailure;
    } while (!watch);
    expect(watch).toMatchObject({ code: 'UPSTREAM_FORBIDDEN', message: expect.any(String) });
    await gateway.upstream.finish();
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
    const countBefore = gateway.upstream.calls.length;
    await gateway.upstream.arrived(countBefore + 5);
    await gateway.upstream.finish();
    const events = await Promise.all(subscribed.map(({ completed }) => completed));
    // Separate polls for each subscriber would be at least as many as subscribers.
    expect(gateway.upstream.calls.length - countBefore).toBeLessThan(50);
    expect(events.every((delivered) => delivered.length === 2)).toBe(true);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('frees everything immediately when a client unsubscribes or vanishes', async () => {
    const ref = await startOne();
    const one = gateway.client.subscribe(IngestionStatusChangedDocument, ref);
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
