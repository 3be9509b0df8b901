import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { type Right, rights, toMappingScope } from '../../src/ingestion/caller.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { askGateway } from '../support/ask-gateway.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { held, json, startScriptedUpstream } from '../support/scripted-upstream.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import type { TestUpstream } from '../support/test-upstream.js';
import {
  type IssuerKey,
  MAPPINGS_CLAIM,
  newIssuerKey,
  signToken,
  startTokenIssuer,
  type TokenIssuer,
  toTokenRules,
} from '../support/token-issuer.js';

const MAPPINGS = [
  'named',
  'page-a',
  'pagan',
  'page-b',
  'asked-theirs',
  'asked-mine',
  'place-mine',
  'place-theirs',
  'shared-a',
  'shared-b',
  'shared',
  'live',
];

const opsKey = newApiKey();
const fullKey = newApiKey();
const oldKey = newApiKey();

let key: IssuerKey;
let issuer: TokenIssuer;
let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  key = await newIssuerKey('k1');
  issuer = await startTokenIssuer(key);
  upstream = await startTestUpstream(MAPPINGS);
  const entry = { expiresAt: null, mappings: toMappingScope(['*']) };
  gateway = await startTestGateway(upstream.config, {
    signIn: {
      accessTokens: toTokenRules(issuer),
      apiKeys: [
        { ...entry, name: 'ops', sha256: opsKey.sha256, rights: ['metrics:read'] },
        { ...entry, name: 'ci', sha256: fullKey.sha256, rights },
        { ...entry, name: 'ci', sha256: oldKey.sha256, rights },
      ],
    },
  });
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
  await issuer.close();
});

interface TokenWish {
  readonly name?: string;
  readonly mappings?: readonly string[];
  readonly rights?: readonly Right[];
  readonly exp?: number;
}

async function bearer({ name = 'ci', mappings = ['*'], exp, ...wish }: TokenWish = {}) {
  const granted = wish.rights ?? rights;
  const token = await signToken(key, {
    sub: name,
    scope: granted.join(' '),
    [MAPPINGS_CLAIM]: mappings,
    ...(exp !== undefined && { exp }),
  });
  return `Bearer ${token}`;
}

const ask = (authorization: string, query: string) =>
  askGateway(gateway.url, query, { authorization });

const start = (mappingId: string, key = '') => `mutation {
  startIngestion(input: { mappingId: "${mappingId}"${key && `, idempotencyKey: "${key}"`} }) {
    ... on IngestionSubmitted { request { requestId startedBy attempt retriedBy { requestId }
      transitions { nodes { to } } } } } }`;

/** Have the gateway see a request of the mapping that somebody else started. */
async function see(mappingId: string): Promise<string> {
  const requestId = await upstream.startElsewhere(mappingId);
  await upstream.finish();
  await ask(
    `Bearer ${fullKey.key}`,
    `{ ingestionStatus(mappingId: "${mappingId}", requestId: "${requestId}") { id } }`,
  );
  return requestId;
}

const startCount = () => upstream.calls.filter(({ operation }) => operation === 'start').length;

describe('sign-in', () => {
  const typename = { query: '{ __typename }' };

  it.each([
    ['the payload', {}, { authorization: `Bearer ${fullKey.key}` }],
    ['the payload, by the name of the header', {}, { Authorization: `bearer ${fullKey.key}` }],
    ['the header of the upgrade', { authorization: `Bearer ${fullKey.key}` }, undefined],
    [
      'the payload, whatever is in the header',
      { authorization: 'Bearer x' },
      { authorization: `Bearer ${fullKey.key}` },
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
    ['a credential that is not a string', { authorization: { key: fullKey.key } }],
    ['a credential that is far too long', { authorization: `Bearer ${'x'.repeat(20_000)}` }],
    ['an empty credential', { authorization: '' }],
  ])('is refused over WebSocket for %s', async (_what, payload) => {
    const headers = { authorization: `Bearer ${fullKey.key}` };
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
    expect(await statusOf('/metrics', `Bearer ${opsKey.key}`)).toBe(200);
    expect(await statusOf('/healthz')).toBe(200);
    expect(await statusOf('/readyz')).not.toBe(401);
    expect(await statusOf('/explorer/')).toBe(200);
  });
});

describe('a caller’s name', () => {
  it('is in `startedBy`, and separates idempotency keys', async () => {
    const startAs = async (authorization: string) => {
      const { data } = await ask(authorization, start('named', 'k'));
      return data.startIngestion.request;
    };
    const ofCi = await startAs(await bearer());
    expect(ofCi.startedBy).toBe('ci');
    await upstream.finish();
    const ofOther = await startAs(await bearer({ name: 'other' }));
    expect(ofOther.startedBy).toBe('other');
    expect(ofOther.requestId).not.toBe(ofCi.requestId);
    // Two keys and a token of one name are one caller.
    const before = startCount();
    for (const again of [await bearer(), `Bearer ${fullKey.key}`, `Bearer ${oldKey.key}`]) {
      expect(await startAs(again)).toMatchObject({ requestId: ofCi.requestId, startedBy: 'ci' });
    }
    expect(startCount()).toBe(before);
    const listed = await ask(
      `Bearer ${fullKey.key}`,
      '{ ingestionRequests(filter: { startedBy: "other" }) { nodes { requestId } } }',
    );
    expect(listed.data.ingestionRequests.nodes).toEqual([{ requestId: ofOther.requestId }]);
  });

  it('filters what is in the log and what follows by who started it', async () => {
    await upstream.finish();
    const asked = '{ latestCursor }';
    const after = (await ask(`Bearer ${fullKey.key}`, asked)).data.latestCursor;
    const startAs = async (name: string) => {
      const { data } = await ask(await bearer({ name }), start('named'));
      await upstream.finish();
      return data.startIngestion.request.requestId;
    };
    const known = await startAs('ann');
    await startAs('ben');
    const socket = await openSocket(gateway.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload: { authorization: await bearer() } });
    await socket.next();
    const query = `subscription { ingestionActivity(after: "${after}", filter: {
      startedBy: "ann", statuses: [SUCCESS] }) { to request { requestId } } }`;
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    // biome-ignore lint/suspicious/noExplicitAny: an answer
    const next = async () => ((await socket.next()).payload as any).data.ingestionActivity;
    expect(await next()).toEqual({ to: 'SUCCESS', request: { requestId: known } });
    await startAs('ben');
    const live = await startAs('ann');
    expect(await next()).toEqual({ to: 'SUCCESS', request: { requestId: live } });
    await socket.close();
  });

  it('is in the operation log, and credentials are nowhere', async () => {
    const shown = [await bearer({ name: 'logged' }), `Bearer ${oldKey.key}x`, 'Bearer planted-x'];
    for (const authorization of shown) await ask(authorization, 'query Logged { __typename }');
    const socket = await openSocket(gateway.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload: { authorization: shown[0] } });
    await socket.next();
    await askSocket(socket, { query: 'query Logged { __typename }' });
    await askSocket(socket, { query: 'nonsense' });
    await socket.close();
    const lines = gateway.logLines.filter(({ caller }) => caller === 'logged');
    expect(lines.map(({ transport, outcome }) => [transport, outcome])).toEqual([
      ['http', 'ok'],
      ['websocket', 'ok'],
      ['websocket', 'GRAPHQL_PARSE_FAILED'],
    ]);
    const text = JSON.stringify(gateway.logLines);
    for (const authorization of shown) {
      expect(text).not.toContain(authorization.replace('Bearer ', ''));
    }
  });
});

describe('a mapping that a caller may not see', () => {
  it('is not asked about: neither the upstream nor its silence reveals it', async () => {
    const limited = await bearer({ mappings: ['mine*'] });
    const answers = await Promise.all([
      ask(limited, '{ ingestionStatus(mappingId: "hidden", requestId: "unseen") { status } }'),
      ask(
        limited,
        '{ ingestionStatuses(requests: [{ mappingId: "hidden", requestId: "unseen" }]) { status } }',
      ),
    ]);
    expect(answers).toEqual([
      { data: { ingestionStatus: null } },
      { data: { ingestionStatuses: [null] } },
    ]);
    const socket = await openSocket(gateway.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload: { authorization: limited } });
    await socket.next();
    const query =
      'subscription { ingestionStatusChanged(mappingId: "hidden", requestId: "unseen") { to } }';
    expect(await askSocket(socket, { query })).toMatchObject({
      errors: [
        {
          message: 'The upstream knows no such request of this mapping.',
          extensions: { code: 'INGESTION_REQUEST_NOT_FOUND' },
        },
      ],
    });
    await socket.close();
    expect(upstream.calls.filter(({ rawPath }) => rawPath.includes('unseen'))).toEqual([]);
  });

  it('gets the same refusal whether or not it exists', async () => {
    const limited = await bearer({ mappings: ['mine*'] });
    const [known, unknown] = await Promise.all([
      ask(limited, start('named')),
      ask(limited, start('nowhere')),
    ]);
    expect(known.errors[0]).toMatchObject({
      message: 'You may not start ingestions of this mapping.',
      extensions: { code: 'FORBIDDEN' },
    });
    expect(known).toEqual(unknown);
  });

  it('does not shorten the pages of what the caller may see', async () => {
    const seen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (const mapping of ['page-a', 'pagan', 'page-b']) {
        const requestId = await see(mapping);
        if (mapping !== 'pagan') seen.unshift(mapping + requestId);
      }
    }
    const limited = await bearer({ mappings: ['page-*'] });
    const page = (after = '') =>
      ask(
        limited,
        `{ ingestionRequests(first: 4${after}) { nodes { mappingId requestId } pageInfo { hasNextPage hasPreviousPage endCursor } } }`,
      );
    const first = (await page()).data.ingestionRequests;
    const ids = (nodes: { mappingId: string; requestId: string }[]) =>
      nodes.map(({ mappingId, requestId }) => mappingId + requestId);
    expect(ids(first.nodes)).toEqual(seen.slice(0, 4));
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const last = (await page(`, after: "${first.pageInfo.endCursor}"`)).data.ingestionRequests;
    expect(ids(last.nodes)).toEqual(seen.slice(4));
    expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  it('does not move the cursors of a caller who may not see it', async () => {
    const latest = async (mappings: string[]) =>
      (await ask(await bearer({ mappings }), '{ latestCursor }')).data.latestCursor;
    await see('place-mine');
    const [mine, all] = [await latest(['place-mine']), await latest(['*'])];
    expect(mine).toBe(all);
    await see('place-theirs');
    expect(await latest(['place-mine'])).toBe(mine);
    expect(await latest(['*'])).not.toBe(all);
    const socket = await openSocket(gateway.url, { isGreeted: false });
    const authorization = await bearer({ mappings: ['place-mine'] });
    socket.send({ type: 'connection_init', payload: { authorization } });
    await socket.next();
    const query = 'subscription { ingestionActivity { cursor request { mappingId } } }';
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    expect((await socket.next()).payload).toEqual({
      data: { ingestionActivity: { cursor: mine, request: { mappingId: 'place-mine' } } },
    });
    await socket.close();
  });

  it('is not delivered to a subscription that names it', async () => {
    const socket = await openSocket(gateway.url, { isGreeted: false });
    const authorization = await bearer({ mappings: ['asked-mine'] });
    socket.send({ type: 'connection_init', payload: { authorization } });
    await socket.next();
    const query = `subscription { ingestionActivity(mappingIds: ["asked-theirs", "asked-mine"]) {
      request { mappingId } } }`;
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    // Answered behind it: by then it is open.
    socket.send({ type: 'subscribe', id: '2', payload: { query: '{ __typename }' } });
    await socket.next();
    await socket.next();
    for (const mapping of ['asked-theirs', 'asked-mine']) await see(mapping);
    expect((await socket.next()).payload).toEqual({
      data: { ingestionActivity: { request: { mappingId: 'asked-mine' } } },
    });
    await socket.close();
    const listed = await ask(
      authorization,
      '{ ingestionRequests(filter: { mappingIds: ["asked-theirs"] }) { nodes { id } pageInfo { endCursor hasNextPage } } }',
    );
    expect(listed.data.ingestionRequests).toEqual({
      nodes: [],
      pageInfo: { endCursor: null, hasNextPage: false },
    });
  });

  it('is never delivered through a shared subscription', async () => {
    const latest = await ask(await bearer({ mappings: ['*'] }), '{ latestCursor }');
    const query = `subscription { ingestionActivity(after: "${latest.data.latestCursor}") {
      to request { mappingId requestId } } }`;
    const open = async (...mappings: string[]) => {
      const socket = await openSocket(gateway.url, { isGreeted: false });
      socket.send({
        type: 'connection_init',
        payload: { authorization: await bearer({ name: mappings.join(), mappings }) },
      });
      await socket.next();
      socket.send({ type: 'subscribe', id: '1', payload: { query } });
      // Answered behind it: by then it is open.
      const probe = { query: '{ __typename }' };
      socket.send({ type: 'subscribe', id: '2', payload: probe });
      await socket.next();
      await socket.next();
      return socket;
    };
    const sockets = {
      a: await open('shared-a'),
      alsoA: await open('shared-a'),
      b: await open('shared-b'),
      both: await open('shared-*'),
      all: await open('*'),
      none: await open('shared'),
    };
    const refs: string[] = [];
    for (const mapping of ['shared-a', 'shared-b', 'shared-a', 'shared-b', 'shared']) {
      refs.push(`${mapping}/${await see(mapping)}`);
    }
    const of = (...mappings: string[]) =>
      refs.filter((ref) => mappings.includes(ref.slice(0, ref.indexOf('/'))));
    const seen = async (socket: (typeof sockets)['a'], count: number) => {
      const told: string[] = [];
      for (let index = 0; index < count; index += 1) {
        const { payload } = (await socket.next()) as {
          payload: { data: { ingestionActivity: { request: Record<string, string> } } };
        };
        const { mappingId, requestId } = payload.data.ingestionActivity.request;
        told.push(`${mappingId}/${requestId}`);
      }
      await socket.close();
      return told;
    };
    expect(await seen(sockets.a, 2)).toEqual(of('shared-a'));
    expect(await seen(sockets.alsoA, 2)).toEqual(of('shared-a'));
    expect(await seen(sockets.b, 2)).toEqual(of('shared-b'));
    expect(await seen(sockets.both, 4)).toEqual(of('shared-a', 'shared-b'));
    expect(await seen(sockets.all, 5)).toEqual(refs);
    expect(await seen(sockets.none, 1)).toEqual(of('shared'));
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
    const requestId = await upstream.startElsewhere('live');
    const variables: Record<string, unknown> = { mappingId: 'live', requestId };
    const query = `subscription ($mappingId: ID!, $requestId: ID!, $after: Cursor) {
      ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId, after: $after) { to cursor } }`;
    const reconnected = Promise.withResolvers<void>();
    let connectCount = 0;
    client.on('connected', () => {
      connectCount += 1;
      if (connectCount === 2) reconnected.resolve();
    });
    void reconnected.promise.then(() => upstream.finish());
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

describe('an issuer', () => {
  it('is not blamed on the caller when it is down', async () => {
    const down = await startTokenIssuer(key);
    down.goDown();
    const apiKey = { name: 'ops', rights, mappings: toMappingScope(['*']), expiresAt: null };
    const own = await startTestGateway(upstream.config, {
      signIn: {
        accessTokens: toTokenRules(down),
        apiKeys: [{ ...apiKey, sha256: opsKey.sha256 }],
      },
    });
    const post = (authorization: string) =>
      fetch(`${own.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
    const response = await post(await bearer());
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'SIGN_IN_UNAVAILABLE' } }],
    });
    const socket = await openSocket(own.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload: { authorization: await bearer() } });
    expect(await socket.closed).toBe(1013);
    // What needs no issuer works.
    expect((await post(`Bearer ${opsKey.key}`)).status).toBe(200);
    expect((await post('Bearer no.to.ken')).status).toBe(401);
    await own.stop();
    await down.close();
  });

  it('delays nobody who has left when it is slow', async () => {
    const slow = await startScriptedUpstream();
    const { answer, release } = held(json(200, { keys: [key.publicJwk] }));
    slow.otherwise(answer);
    const own = await startTestGateway(upstream.config, {
      signIn: {
        accessTokens: toTokenRules({ jwksUrl: new URL(slow.url) }),
        apiKeys: [],
      },
    });
    const init = { type: 'connection_init', payload: { authorization: await bearer() } };
    const left = await openSocket(own.url, { isGreeted: false });
    left.send(init);
    await slow.arrived(1);
    await left.close();
    const stayed = await openSocket(own.url, { isGreeted: false });
    stayed.send(init);
    stayed.send({ type: 'ping' });
    expect(await stayed.next()).toEqual({ type: 'pong' });
    release();
    expect(await stayed.next()).toEqual({ type: 'connection_ack' });
    await stayed.close();
    await own.stop();
    await slow.close();
    expect(own.logLines.filter(({ level }) => level === 'error' || level === 50)).toEqual([]);
  });
});

describe('a gateway without sign-in', () => {
  it('treats everybody as anonymous, whatever they send', async () => {
    const own = await startTestGateway(upstream.config);
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
