import { describe, expect, it } from '@jest/globals';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { useSignedInGateway } from '../support/signed-in-gateway.js';
import { startTestGateway } from '../support/test-gateway.js';

const gateway = useSignedInGateway(['live']);
const { bearer, fullKey, opsKey } = gateway;

describe('sign-in', () => {
  const typename = { query: '{ __typename }' };

  it.each([
    ['the payload', {}, { authorization: `Bearer ${fullKey}` }],
    ['the payload, by the name of the header', {}, { Authorization: `bearer ${fullKey}` }],
    ['the header of the upgrade', { authorization: `Bearer ${fullKey}` }, undefined],
    [
      'the payload, whatever is in the header',
      { authorization: 'Bearer x' },
      { authorization: `Bearer ${fullKey}` },
    ],
  ])('is accepted over WebSocket from %s', async (_what, headers, payload) => {
    const socket = await openSocket(gateway.url, { headers, isGreeted: false });
    socket.send({ type: 'connection_init', payload });
    expect(await socket.next()).toEqual({ type: 'connection_ack' });
    expect(await askSocket(socket, typename)).toEqual({ data: { __typename: 'Query' } });
    await socket.close();
  });

  it.each([
    ['a bad payload, with a good header', { authorization: 'Bearer x' }],
    ['a credential that is not a string', { authorization: { key: fullKey } }],
    ['a credential that is far too long', { authorization: `Bearer ${'x'.repeat(20_000)}` }],
    ['an empty credential', { authorization: '' }],
  ])('is refused over WebSocket for %s', async (_what, payload) => {
    const headers = { authorization: `Bearer ${fullKey}` };
    const socket = await openSocket(gateway.url, { headers, isGreeted: false });
    socket.send({ type: 'connection_init', payload });
    expect(await socket.closed).toBe(4401);
  });

  it('is sent only once, even while it is checked', async () => {
    const socket = await openSocket(gateway.url, { isGreeted: false });
    const init = { type: 'connection_init', payload: { authorization: await bearer() } };
    socket.send(init);
    socket.send(init);
    expect(await socket.closed).toBe(4429);
  });

  it('explains failures to HTTP clients, also in OAuth’s terms', async () => {
    const past = Math.floor(Date.now() / 1000) - 1;
    for (const [authorization, challenge, message] of [
      ['', 'Bearer realm="sluice"', /^Sign in: send an access token or an API key/],
      ['Bearer x', 'Bearer realm="sluice", error="invalid_token"', /credentials were refused/],
      [
        await bearer({ exp: past }),
        'Bearer realm="sluice", error="invalid_token", error_description="expired"',
        /have expired\. Get new ones/,
      ],
    ] as const) {
      const response = await fetch(`${gateway.url}/graphql?query={__typename}`, {
        headers: { 'apollo-require-preflight': '1', ...(authorization && { authorization }) },
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe(challenge);
      const body = (await response.json()) as { errors: { message: string }[] };
      expect(body.errors[0]?.message).toMatch(message);
    }
  });

  it('is required for the metrics, with their own right, and not for health', async () => {
    const statusOf = async (path: string, authorization?: string) =>
      (await fetch(`${gateway.url}${path}`, { headers: authorization ? { authorization } : {} }))
        .status;
    expect(await statusOf('/metrics')).toBe(401);
    expect(await statusOf('/metrics', await bearer({ rights: ['ingestion:read'] }))).toBe(403);
    expect(await statusOf('/metrics', `Bearer ${opsKey}`)).toBe(200);
    expect(await statusOf('/healthz')).toBe(200);
    expect(await statusOf('/readyz')).not.toBe(401);
    expect(await statusOf('/explorer/')).toBe(200);
  });
});

describe('an expiring token', () => {
  it('closes its socket with 4403, and a client continues after its cursor with a fresh token', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const tokens = [await bearer({ exp }), await bearer()];
    const closes: number[] = [];
    const client: Client = createClient({
      url: `${gateway.url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: () => ({ authorization: tokens.shift() }),
      retryWait: async () => {},
      on: { closed: (event) => closes.push((event as { code: number }).code) },
    });
    const requestId = await gateway.upstream.startElsewhere('live');
    const variables: Record<string, unknown> = { mappingId: 'live', requestId };
    const query = `subscription ($mappingId: ID!, $requestId: ID!, $after: Cursor) {
      ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId, after: $after) { to cursor } }`;
    const reconnected = Promise.withResolvers<void>();
    let connectCount = 0;
    client.on('connected', () => {
      connectCount += 1;
      if (connectCount === 2) reconnected.resolve();
    });
    void reconnected.promise.then(() => gateway.upstream.finish());
    const seen: string[] = [];
    for await (const { data } of client.iterate({ query, variables })) {
      const change = data?.ingestionStatusChanged as { to: string; cursor: string } | undefined;
      if (!change) throw new Error('Something else came.');
      seen.push(change.to);
      variables.after = change.cursor;
    }
    expect(seen).toEqual(['IN_PROGRESS', 'SUCCESS']);
    expect(closes).toEqual([4403]);
    await client.dispose();
  }, 15_000);

  it('is not retried by a client whose token was never valid', async () => {
    const client = createClient({
      url: `${gateway.url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: 'Bearer x' },
    });
    const iterator = client.iterate({ query: '{ __typename }' });
    await expect(iterator.next()).rejects.toMatchObject({ code: 4401 });
    await client.dispose();
  });
});

describe('a gateway without sign-in', () => {
  it('treats everybody as anonymous, whatever they send', async () => {
    const own = await startTestGateway(gateway.upstream.config);
    const response = await fetch(`${own.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    expect(response.status).toBe(200);
    expect((await fetch(`${own.url}/metrics`)).status).toBe(200);
    await own.stop();
  });
});
