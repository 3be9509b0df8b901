import { describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-sse';
import { untilMetric } from '../support/metrics.js';
import { toSubscription, useStreamGateway } from '../support/stream-gateway.js';
import { postOperation, readStream, sse } from '../support/stream-reader.js';

const gateway = useStreamGateway();
const { post, toUrl } = gateway;

describe.each([
  ['of its own', false],
  ['that its operations share', true],
])('a client of graphql-sse with a stream %s', (_what, singleConnection) => {
  it('gets all transitions, and answers', async () => {
    const client = createClient({ url: gateway.streamUrl, singleConnection, retryAttempts: 0 });
    const requestId = await gateway.upstream.startElsewhere('XDM44');
    const events = client.iterate<{ ingestionStatusChanged: { to: string } }>({
      query: toSubscription(requestId),
    });
    const to = async () => (await events.next()).value?.data?.ingestionStatusChanged.to;
    expect(await to()).toBe('IN_PROGRESS');
    const answers = [];
    for await (const answer of client.iterate({ query: '{ __typename }' })) answers.push(answer);
    expect(answers).toEqual([{ data: { __typename: 'Query' } }]);
    await gateway.upstream.finish();
    expect(await to()).toBe('SUCCESS');
    expect((await events.next()).done).toBe(true);
    client.dispose();
  });

  it('learns why a subscription is refused, and may leave one', async () => {
    const client = createClient({ url: gateway.streamUrl, singleConnection, retryAttempts: 0 });
    const refused = client.iterate({
      query: 'subscription { ingestionActivity(after: "none") { to } }',
    });
    expect((await refused.next()).value?.errors).toMatchObject([
      { extensions: { code: 'CURSOR_INVALID' } },
    ]);
    expect((await refused.next()).done).toBe(true);
    const requestId = await gateway.upstream.startElsewhere('XDM44');
    const left = client.iterate({ query: toSubscription(requestId) });
    await left.next();
    await left.return?.();
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    client.dispose();
  });
});

describe('one stream for several operations', () => {
  const reserve = async () => await (await fetch(gateway.streamUrl, { method: 'PUT' })).text();
  const operate = (token: string, body: unknown) =>
    postOperation(gateway.streamUrl, body, { 'x-graphql-event-stream-token': token });

  it('is reserved, opened once, and carries operations with their own ids', async () => {
    const reserved = await fetch(gateway.streamUrl, { method: 'PUT' });
    const token = await reserved.text();
    expect([reserved.status, token.length]).toEqual([201, 32]);
    const query = toSubscription(await gateway.upstream.startElsewhere('XDM44'));
    const operation = { query, extensions: { operationId: 'a' } };
    // Sent before anybody reads the stream.
    expect((await operate(token, operation)).status).toBe(202);
    const stream = await fetch(`${gateway.streamUrl}?token=${token}`, { headers: sse });
    const reading = readStream(stream);
    expect(await reading.until('IN_PROGRESS')).toContain(
      'event: next\ndata: {"id":"a","payload":{"data":',
    );
    const statuses = [
      await fetch(`${gateway.streamUrl}?token=${token}`, { headers: sse }),
      await operate(token, operation),
      await operate(token, { query }),
      await operate(token, { query: '{ nod }', extensions: { operationId: 'b' } }),
      await fetch(`${gateway.streamUrl}?operationId=a`, { method: 'DELETE' }),
      await fetch(`${gateway.streamUrl}?token=${token}`, { method: 'DELETE' }),
      await fetch(`${gateway.streamUrl}?token=${token}&operationId=a`, { method: 'DELETE' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([409, 409, 400, 400, 404, 400, 200]);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    await reading.leave();
  });

  it('does not exist for an unknown token, or once it was left', async () => {
    const unknown = await fetch(`${gateway.streamUrl}?token=none`, { headers: sse });
    expect(unknown.status).toBe(404);
    const operation = { query: '{ __typename }', extensions: { operationId: 'a' } };
    expect((await operate('none', operation)).status).toBe(404);
    const token = await reserve();
    await readStream(await fetch(`${gateway.streamUrl}?token=${token}`, { headers: sse })).leave();
    await untilMetric(gateway.url, 'sluice_http_streams', 0);
    expect((await operate(token, operation)).status).toBe(404);
  });

  it('behaves as the server of graphql-sse does', async () => {
    const reserved = await fetch(gateway.streamUrl, { method: 'PUT' });
    expect([reserved.status, reserved.headers.get('content-type')]).toEqual([
      201,
      'text/plain; charset=utf-8',
    ]);
    const token = { 'x-graphql-event-stream-token': await reserved.text() };
    const none = { 'x-graphql-event-stream-token': 'none' };
    const json = { accept: 'application/json' };
    const operation = { query: '{ __typename }', extensions: { operationId: '1' } };
    const asked: [number, Promise<Response>][] = [
      // Without a reservation.
      [404, postOperation(gateway.streamUrl, operation, { ...none, ...json })],
      [404, fetch(gateway.streamUrl, { headers: { ...none, ...sse } })],
      [404, fetch(gateway.streamUrl, { headers: { ...none, ...json } })],
      [404, fetch(`${gateway.streamUrl}?operationId=1`, { method: 'DELETE', headers: none })],
      [404, fetch(gateway.streamUrl, { headers: json })],
      // With a reservation.
      [400, postOperation(gateway.streamUrl, { query: '{ __typename }' }, token)],
      [400, postOperation(gateway.streamUrl, { ...operation, query: '{ notThere }' }, token)],
      [400, postOperation(gateway.streamUrl, { extensions: { operationId: '1' } }, token)],
      [400, postOperation(gateway.streamUrl, [operation], token)],
      // A stream of its own carries the error of its operation.
      [200, fetch(gateway.streamUrl, { headers: sse })],
      [200, postOperation(gateway.streamUrl, { query: '' }, sse)],
      [400, postOperation(gateway.streamUrl, { query: 1 }, sse)],
    ];
    const answers = await Promise.all(asked.map(([, answer]) => answer));
    expect(answers.map(({ status }) => status)).toEqual(asked.map(([status]) => status));
    for (const answer of answers.slice(-3, -1)) {
      expect(await answer.text()).toMatch(
        /^:\n\nevent: next\ndata: \{"errors":.*\}\n\nid: .*\nevent: complete\n/,
      );
    }
    // Operations sent before are answered once the stream is opened; none of the refused ones ran.
    expect((await postOperation(gateway.streamUrl, operation, token)).status).toBe(202);
    const reading = readStream(await fetch(gateway.streamUrl, { headers: { ...token, ...sse } }));
    expect(await reading.until('event: complete')).toBe(
      ':\n\nevent: next\ndata: {"id":"1","payload":{"data":{"__typename":"Query"}}}\n\n' +
        'event: complete\ndata: {"id":"1"}\n\n',
    );
    await reading.leave();
  });

  it('refuses oversized bodies, mutations by GET, and other methods', async () => {
    const large = await post(`{ __typename } # ${'x'.repeat(200_000)}`, sse);
    const mutation = 'mutation { startIngestion(input: { mappingId: "XDM44" }) { __typename } }';
    const mutated = await fetch(toUrl(mutation), { headers: sse });
    const patched = await fetch(gateway.streamUrl, { method: 'PATCH' });
    expect([large.status, mutated.status, patched.status]).toEqual([413, 405, 405]);
    expect([mutated, patched].map(({ headers }) => headers.get('allow'))).toEqual([
      'POST',
      'GET, POST, PUT, DELETE',
    ]);
  });
});
