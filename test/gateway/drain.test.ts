import { describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { quick, useDrainedGateway } from '../support/drained-gateway.js';
import { createGraphQLClient } from '../support/graphql-client.js';
import { openSocket } from '../support/raw-socket.js';
import { hang, startScriptedUpstream } from '../support/scripted-upstream.js';
import { oddMappings, untilAskedAbout } from '../support/test-upstream.js';

const { held, silent, slow } = oddMappings;

const { upstream, gateway, start, isRefused, untilRefused, expectPortFree } = useDrainedGateway();

describe('a drain', () => {
  /** Far longer than a test may take, so that no drain ends because of it. */
  const patient = { timeoutMs: 600_000 };
  /** Long enough for clients to receive the reason. */
  const callingOff = { cancelAfterMs: 100, cutAfterMs: 600_000, giveUpAfterMs: 600_000 };

  it('finishes work in progress, accepts no new connection, and frees the port', async () => {
    await start();
    const requestId = await upstream.startElsewhere(held);
    await upstream.finish();
    const ref = { mappingId: held, requestId };
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    await untilAskedAbout(upstream, requestId);
    const stopped = gateway.stop();
    await untilRefused();
    const releasedAt = performance.now();
    upstream.release();
    expect(await asked).toMatchObject({
      httpStatus: 200,
      data: { ingestionStatus: { status: 'SUCCESS' } },
    });
    await stopped;
    // The drain does not wait for the client's kept connection, which would take 8 s.
    expect(performance.now() - releasedAt).toBeLessThan(5_000);
    expect(await isRefused()).toBe(true);
    await expectPortFree();
    await gateway.stop();
  });

  it('cancels what holds up a socket, answers it, and closes the socket', async () => {
    await start(patient, callingOff);
    const socket = await openSocket(gateway.url);
    const arrived = upstream.arrived(upstream.calls.length + 1);
    const query = `mutation { startIngestion(input: { mappingId: "${silent}" }) {
      ... on StartIngestionError { code outcomeUnknown } } }`;
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    await arrived;
    await gateway.stop();
    expect(await socket.next()).toMatchObject({
      type: 'next',
      payload: {
        data: { startIngestion: { code: 'UPSTREAM_UNAVAILABLE', outcomeUnknown: true } },
      },
    });
    expect(await socket.next()).toMatchObject({ type: 'complete' });
    expect(await socket.closed).toBe(1012);
  });

  it('closes sockets with 1012, spread over a moment', async () => {
    await start();
    const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket(gateway.url)));
    const closedAt: number[] = [];
    const closed = sockets.map(async (socket) => {
      const code = await socket.closed;
      closedAt.push(performance.now());
      return code;
    });
    await gateway.stop();
    expect(await Promise.all(closed)).toEqual([1012, 1012, 1012, 1012, 1012]);
    // The first and the last are four fifths of a second apart.
    expect(Math.max(...closedAt) - Math.min(...closedAt)).toBeGreaterThan(400);
  });

  it('ends immediately if there is nothing to wait for', async () => {
    await start();
    const startedAt = performance.now();
    await gateway.stop();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('cancels what the upstream never answers, and tells those who wait', async () => {
    await start(patient, callingOff);
    const ref = { mappingId: silent, requestId: '1' };
    const arrived = upstream.arrived(upstream.calls.length + 2);
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    const started = gateway.client.execute(StartIngestionDocument, { mappingId: silent });
    await arrived;
    await gateway.stop();
    expect((await asked).errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect((await started).data?.startIngestion).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcomeUnknown: true,
    });
    await expectPortFree();
  });

  it('does not wait for a poll that nobody awaits', async () => {
    await start(patient);
    const { data } = await gateway.client.execute(StartIngestionDocument, { mappingId: held });
    const outcome = data?.startIngestion;
    if (outcome?.__typename !== 'IngestionSubmitted') throw new Error('It was not started.');
    await untilAskedAbout(upstream, outcome.request.requestId);
    await gateway.stop();
    expect(gateway.logLines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it('does not wait for a token that never arrives', async () => {
    const ims = await startScriptedUpstream();
    ims.otherwise(hang());
    const token = {
      kind: 'clientCredentials',
      imsUrl: ims.url,
      clientId: 'client',
      clientSecret: 'planted-client-secret',
      scopes: ['openid'],
    } as const;
    await start({ ...patient, upstream: { ...upstream.config, token } }, callingOff);
    const ref = { mappingId: 'XDM44', requestId: '3520' };
    const asked = gateway.client.execute(IngestionStatusDocument, ref);
    await ims.arrived(1);
    await gateway.stop();
    expect((await asked).errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await ims.close();
  });

  it.each([
    ['a query', held, '{ ingestionStatus(mappingId: "held", requestId: "%") { status } }'],
    [
      'a mutation',
      slow,
      'mutation { startIngestion(input: { mappingId: "slow" }) { __typename } }',
    ],
  ])('answers %s in progress on a socket, and accepts no other', async (_what, mappingId, text) => {
    await start();
    const socket = await openSocket(gateway.url);
    const idle = await openSocket(gateway.url);
    const requestId = mappingId === held ? await upstream.startElsewhere(held) : '';
    const payload = { query: text.replace('%', requestId) };
    const arrived = upstream.arrived(upstream.calls.length + 1);
    socket.send({ type: 'subscribe', id: 'under way', payload });
    await arrived;
    const stopped = gateway.stop();
    await untilRefused();
    socket.send({ type: 'subscribe', id: 'new', payload });
    expect(await idle.closed).toBe(1012);
    upstream.release();
    const messages = [await socket.next(), await socket.next(), await socket.next()];
    expect(messages.find(({ id }) => id === 'new')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'SHUTTING_DOWN' } }],
    });
    expect(messages.filter(({ id }) => id === 'under way')).toMatchObject([
      { type: 'next', payload: { data: expect.anything() } },
      { type: 'complete' },
    ]);
    expect(await socket.closed).toBe(1012);
    await stopped;
  });

  it('ends a subscription that is being opened', async () => {
    await start(patient, quick);
    const client = createGraphQLClient(gateway.url);
    const ref = { mappingId: silent, requestId: '2' };
    const { completed } = client.subscribe(IngestionStatusChangedDocument, ref);
    await untilAskedAbout(upstream, ref.requestId);
    await gateway.stop();
    await expect(completed).rejects.toMatchObject({ code: 1012 });
  });
});
