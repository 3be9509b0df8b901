import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { IngestionStatusChangedDocument, StartIngestionDocument } from '../generated/operations.js';
import { type Answer, codesOf, useExposedGateway } from '../support/exposed-gateway.js';
import { readMetric, untilMetric } from '../support/metrics.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { oddMappings } from '../support/test-upstream.js';

const gateway = useExposedGateway();
const { start, post, startedMappings } = gateway;

describe('the time limit of an operation', () => {
  const silent = `(mappingId: "${oddMappings.silent}", requestId: "1")`;
  const asked = `{ ingestionStatus${silent} { status } }`;

  it('ends a query without an answer, and its other fields are answered', async () => {
    await start({ operationTimeoutMs: 50 });
    const query = asked.replace('{', '{ __typename ');
    const answer = (await (await post({ query })).json()) as Answer;
    expect(answer.data).toEqual({ __typename: 'Query', ingestionStatus: null });
    expect(answer.errors).toMatchObject([
      {
        message: 'There was no answer within 50 ms. Ask for less, or try again.',
        extensions: { code: 'OPERATION_TIMEOUT' },
      },
    ]);
  });

  it('ends each of many questions', async () => {
    await start({ operationTimeoutMs: 500 });
    const started = await gateway.client.execute(StartIngestionDocument, { mappingId: 'XDM44' });
    const outcome = started.data?.startIngestion;
    const requestId = outcome && 'request' in outcome ? outcome.request.requestId : '';
    await gateway.upstream.finish();
    const known = { mappingId: 'XDM44', requestId };
    await gateway.client.subscribe(IngestionStatusChangedDocument, known).completed;
    const refs = `[{ mappingId: "XDM44", requestId: "${requestId}" },
      { mappingId: "${oddMappings.silent}", requestId: "2" }]`;
    const query = `{ ingestionStatuses(requests: ${refs}) { status } }`;
    const answer = (await (await post({ query })).json()) as Answer;
    expect(answer.data).toEqual({ ingestionStatuses: [{ status: 'SUCCESS' }, null] });
    expect(codesOf(answer)).toEqual(['OPERATION_TIMEOUT']);
  });

  it('ends a subscription that could not be opened', async () => {
    await start({ operationTimeoutMs: 50 });
    const socket = await openSocket(gateway.url);
    const query = `subscription { ingestionStatusChanged${silent} { to } }`;
    expect(codesOf((await askSocket(socket, { query })) as Answer)).toEqual(['OPERATION_TIMEOUT']);
    await socket.close();
  });

  it('ends neither an open subscription nor a start in progress', async () => {
    await start({ operationTimeoutMs: 700 });
    const socket = await openSocket(gateway.url);
    socket.send({
      type: 'subscribe',
      id: '1',
      payload: { query: 'subscription { ingestionActivity { to request { requestId } } }' },
    });
    await untilMetric(gateway.url, 'sluice_stream_listeners', 1);
    // The first start exceeds the limit, so that the next one in the same operation is not begun.
    const one = (name: string) =>
      `${name}: startIngestion(input: { mappingId: "${oddMappings.slow}" }) { __typename }`;
    const answer = (await (
      await post({ query: `mutation { ${one('a')} ${one('b')} }` })
    ).json()) as Answer;
    expect(answer.data).toEqual({ a: { __typename: 'IngestionSubmitted' }, b: null });
    expect(answer.errors).toMatchObject([
      {
        path: ['b'],
        message: 'This was not started: the fields before it took more than 700 ms.',
        extensions: { code: 'OPERATION_TIMEOUT' },
      },
    ]);
    expect(startedMappings().filter((id) => id === oddMappings.slow)).toHaveLength(1);
    const event = await socket.next();
    expect(event).toMatchObject({
      type: 'next',
      payload: { data: { ingestionActivity: { to: 'IN_PROGRESS' } } },
    });
    await socket.close();
  });
});

describe('unread answers over HTTP', () => {
  it.each(['/explorer/main.js', '/explorer/styles.css'])(
    'are cut off, and their memory is released: %s',
    async (path) => {
      await start({ operationTimeoutMs: 100 });
      const { hostname, port } = new URL(gateway.url);
      const connection = connect(Number(port), hostname).pause();
      connection.on('error', () => {});
      const cut = once(connection, 'close');
      connection.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`.repeat(20));
      while ((await readMetric(gateway.url, 'sluice_http_unread_bytes')) === 0) {}
      await untilMetric(gateway.url, 'sluice_http_unread_bytes', 0);
      connection.resume();
      await cut;
    },
  );
});
