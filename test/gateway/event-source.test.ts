import { describe, expect, it } from '@jest/globals';
import { EventSource } from 'undici';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { toSubscription, useStreamGateway } from '../support/stream-gateway.js';
import { sse } from '../support/stream-reader.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { startTestGateway } from '../support/test-gateway.js';

const gateway = useStreamGateway();
const { toUrl } = gateway;

describe('an EventSource', () => {
  it('continues after the last event when its connection is cut, and stops at the end', async () => {
    const proxy = await startTcpProxy(gateway.url);
    const requestId = await gateway.upstream.startElsewhere('XDM44');
    const base = `${proxy.url.replace(/\/$/, '')}/graphql/stream`;
    const source = new EventSource(toUrl(toSubscription(requestId), base), {
      node: { reconnectionTime: 20 },
    });
    const got: { to: string; cursor: string; id: string }[] = [];
    const first = Promise.withResolvers<void>();
    const failed = Promise.withResolvers<void>();
    source.addEventListener('next', (event) => {
      const { data, lastEventId } = event as unknown as { data: string; lastEventId: string };
      got.push({ ...JSON.parse(data).data.ingestionStatusChanged, id: lastEventId });
      first.resolve();
    });
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) failed.resolve();
    });
    await Promise.race([first.promise, failed.promise]);
    expect(got).toHaveLength(1);
    proxy.cut();
    await gateway.upstream.finish();
    await failed.promise;
    expect(got.map(({ to }) => to)).toEqual(['IN_PROGRESS', 'SUCCESS']);
    expect(got.map(({ id }) => id)).toEqual(got.map(({ cursor }) => cursor));
    await proxy.close();
  });

  it.each([
    ['after the terminal transition', () => 'the terminal one'],
    ['after a refusal', () => 'nothing-more'],
  ])('is told to stop when it returns %s', async (_what, toId) => {
    const requestId = await gateway.upstream.startElsewhere('XDM44');
    await gateway.upstream.finish();
    const url = toUrl(toSubscription(requestId));
    const text = await (await fetch(url, { headers: sse })).text();
    const cursor =
      /id: (\S+)\nevent: next\ndata: \{"data":\{"ingestionStatusChanged":\{"to":"SUCCESS"/.exec(
        text,
      )?.[1];
    expect(cursor).toBeDefined();
    const id = toId() === 'nothing-more' ? toId() : String(cursor);
    const again = await fetch(url, { headers: { ...sse, 'last-event-id': id } });
    expect([again.status, await again.text()]).toEqual([204, '']);
  });

  it('receives an invalid operation as an event, and is told to stop after it', async () => {
    const response = await fetch(toUrl('{ nod }'), { headers: sse });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(await response.text()).toMatch(
      /^:\n\nevent: next\ndata: \{"errors":\[.*GRAPHQL_VALIDATION_FAILED.*\]\}\n\nid: nothing-more\nevent: complete\ndata: \n\n$/,
    );
  });
});

describe('an EventSource with a temporary refusal', () => {
  it('is not told to stop, so it reconnects', async () => {
    const gone = await startTestUpstream();
    const alone = await startTestGateway(gone.config);
    await gone.close();
    const url = toUrl(toSubscription('1'), `${alone.url}/graphql/stream`);
    let text = '';
    // The circuit opens after some failures.
    while (!text.includes('retryAfterMs')) text = await (await fetch(url, { headers: sse })).text();
    expect(text).toContain('UPSTREAM_UNAVAILABLE');
    expect(text).not.toMatch(/complete|nothing-more/);
    await alone.stop();
  });
});
