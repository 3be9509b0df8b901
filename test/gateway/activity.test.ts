import { describe, expect, it } from '@jest/globals';
import {
  IngestionActivityDocument,
  IngestionStatusDocument,
  IngestionTransitionsDocument,
  LatestCursorDocument,
} from '../generated/operations.js';
import { failing, mappingId, useFollowedGateway } from '../support/followed-gateway.js';
import { startTestGateway } from '../support/test-gateway.js';

const gateway = useFollowedGateway();
const { startOne, finishOne, untilNothingRuns, untilMetric } = gateway;

describe('ingestionActivity', () => {
  const latest = async () =>
    (await gateway.client.execute(LatestCursorDocument, {})).data?.latestCursor ?? null;

  it('delivers what happens to any request from now on, or to those of the named mappings', async () => {
    await untilNothingRuns();
    await startOne();
    const after = await latest();
    const all = gateway.client.subscribe(IngestionActivityDocument, { after });
    const named = gateway.client.subscribe(IngestionActivityDocument, {
      mappingIds: ['TestDoc'],
      after,
    });
    await untilMetric('sluice_stream_listeners', 2);
    await startOne('TestDoc');
    await all.received(1);
    await gateway.upstream.finish();
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
    await gateway.client.execute(IngestionStatusDocument, ref);
    const before = gateway.client.subscribe(IngestionActivityDocument, {});
    const [newest] = await before.received(1);
    expect(newest?.data?.ingestionActivity).toMatchObject({
      to: 'SUCCESS',
      request: { requestId: ref.requestId },
    });
    await gateway.client.close();
    gateway.reconnect();
    const missed = await startOne();
    const after = newest?.data?.ingestionActivity.cursor ?? null;
    const again = gateway.client.subscribe(IngestionActivityDocument, { after });
    await again.received(1);
    await gateway.upstream.finish();
    // Other running requests end as well.
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
    const empty = await startTestGateway(gateway.upstream.config);
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
    await gateway.client.execute(IngestionStatusDocument, ref);
    const { data } = await gateway.client.execute(IngestionTransitionsDocument, ref);
    const after = data?.ingestionStatus?.transitions.pageInfo.endCursor ?? null;
    const subscribed = gateway.client.subscribe(IngestionActivityDocument, { after });
    const next = await finishOne();
    await gateway.client.execute(IngestionStatusDocument, next);
    const events = await subscribed.received(1);
    expect(events.map(({ data }) => data?.ingestionActivity.request.requestId)).toEqual([
      next.requestId,
    ]);
  });
});

describe('a filter of the activity', () => {
  it('applies to the log and to what follows, by mapping and status', async () => {
    const { data } = await gateway.client.execute(LatestCursorDocument, {});
    const variables = {
      after: data?.latestCursor ?? null,
      filter: { mappingIds: [mappingId], statuses: ['SUCCESS' as const] },
    };
    const first = await startOne();
    await startOne(failing);
    await gateway.upstream.finish();
    const subscribed = gateway.client.subscribe(IngestionActivityDocument, variables);
    await subscribed.received(1);
    const second = await startOne();
    await gateway.upstream.finish();
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
    const subscribed = gateway.client.subscribe(IngestionActivityDocument, variables);
    const error = {
      message: expect.stringContaining(text),
      extensions: { code: 'BAD_USER_INPUT' },
    };
    expect(await subscribed.completed).toMatchObject([{ errors: [error] }]);
  });
});
