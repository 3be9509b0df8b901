import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import { createLogger } from '../../src/process/logger.js';
import { type ApiKey, newApiKey } from '../../src/server/sign-in/api-keys.js';
import { createSignIn, type KeyedSignIn } from '../../src/server/sign-in/sign-in.js';
import { publicExposure } from '../support/exposure.js';
import { createManualClock, type ManualClock, settle } from '../support/manual-clock.js';
import { type PushedGateway, startPushedGateway } from '../support/pushed-gateway.js';
import { openSocket } from '../support/raw-socket.js';
import {
  multipart,
  postOperation,
  readStream,
  type StreamReader,
  sse,
  toStreamUrl,
} from '../support/stream-reader.js';

const ACTIVITY = 'subscription Activity { ingestionActivity { to cursor } }';
const MINUTE_MS = 60_000;

const running: ReportedState = { status: 'IN_PROGRESS', info: '', batchId: null };
const ended: ReportedState = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 };

const [lasting, brief, short, other] = [newApiKey(), newApiKey(), newApiKey(), newApiKey()];
const toEntry = (
  name: string,
  { sha256 }: { sha256: string },
  expiresAt: number | null,
): ApiKey => ({
  name,
  sha256,
  rights: ['ingestion:read'],
  expiresAt,
  mappings: { kind: 'all' },
});

let gateway: PushedGateway;
let clock: ManualClock;
let signIn: KeyedSignIn;
let readers: StreamReader[];

beforeEach(async () => {
  clock = createManualClock();
  const apiKeys = [
    toEntry('page', lasting, null),
    toEntry('page', brief, clock.now() + 60 * MINUTE_MS),
    toEntry('page', short, clock.now() + MINUTE_MS),
    toEntry('other', other, null),
  ];
  const logger = createLogger('silent', { write: () => {} });
  signIn = createSignIn({ accessTokens: null, apiKeys }, clock, logger);
  readers = [];
});

afterEach(async () => {
  await Promise.all(readers.map((reader) => reader.leave().catch(() => {})));
  await gateway.stop();
});

async function start(limits: Partial<typeof publicExposure.limits> = {}): Promise<void> {
  const exposure = {
    ...publicExposure,
    corsOrigins: ['https://app.test'],
    limits: { ...publicExposure.limits, ...limits },
  };
  gateway = await startPushedGateway({ clock, signIn, exposure });
}

async function append(requestId: string, seen = running): Promise<void> {
  await gateway.log.append({ ref: { mappingId: 'crm', requestId }, seen, observedAt: 1 });
}

/** Wait until something is so that runs behind what a client sees. */
async function until(read: () => boolean): Promise<void> {
  while (!read()) await settle();
}

/** Nothing is open any more, and nothing is kept of it. */
async function untilNothingIsLeft(): Promise<void> {
  await until(() => gateway.streams.streamCount === 0 && gateway.fanOut.followerCount === 0);
}

const url = () => `${gateway.url}/graphql/stream`;
const as = ({ key }: { key: string }) => ({ authorization: `Bearer ${key}` });
const operation = (query: string, operationId = '1') => ({ query, extensions: { operationId } });
const operate = (token: string, body: unknown, credentials = as(lasting)) =>
  postOperation(url(), body, { ...credentials, 'x-graphql-event-stream-token': token });

function read(response: Response): StreamReader {
  const reader = readStream(response);
  readers.push(reader);
  return reader;
}

async function reserve(credentials = as(lasting)): Promise<string> {
  const response = await fetch(url(), { method: 'PUT', headers: credentials });
  expect(response.status).toBe(201);
  return response.text();
}

async function openShared(token: string): Promise<StreamReader> {
  return read(await fetch(`${url()}?token=${token}`, { headers: sse }));
}

/** Each way to have a subscription over HTTP. */
const ways: [string, (query: string, key: { key: string }) => Promise<StreamReader>][] = [
  [
    'events of its own',
    async (query, key) => read(await postOperation(url(), { query }, { ...sse, ...as(key) })),
  ],
  [
    'parts',
    async (query, key) =>
      read(await postOperation(`${gateway.url}/graphql`, { query }, { ...multipart, ...as(key) })),
  ],
  [
    'events of a shared stream',
    async (query, key) => {
      const token = await reserve(as(key));
      expect((await operate(token, operation(query), as(key))).status).toBe(202);
      return openShared(token);
    },
  ],
];

describe.each(ways)('a subscription that comes as %s', (_what, open) => {
  it('ends with UNAUTHENTICATED once its credentials expire', async () => {
    await start();
    const reader = await open(ACTIVITY, short);
    await until(() => gateway.fanOut.followerCount === 1);
    await append('1');
    await reader.until('IN_PROGRESS');
    await clock.advance(MINUTE_MS);
    expect(await reader.toEnd()).toMatch(/IN_PROGRESS[\s\S]*"code":"UNAUTHENTICATED"/);
    await untilNothingIsLeft();
  });

  it('ends with UNAUTHENTICATED once its key is removed', async () => {
    await start();
    const reader = await open(ACTIVITY, lasting);
    await until(() => gateway.fanOut.followerCount === 1);
    signIn.replaceApiKeys([toEntry('other', other, null)]);
    expect(await reader.toEnd()).toContain('"code":"UNAUTHENTICATED"');
    await untilNothingIsLeft();
  });

  it('ends with SHUTTING_DOWN when the gateway stops, which waits for nobody', async () => {
    await start();
    const reader = await open(ACTIVITY, lasting);
    await until(() => gateway.fanOut.followerCount === 1);
    await Promise.all([
      gateway.stop(),
      expect(reader.toEnd()).resolves.toContain('"code":"SHUTTING_DOWN"'),
    ]);
  });

  it('is executed once for all equal ones, and is in the operation log once', async () => {
    await start();
    const opened = [await open(ACTIVITY, lasting), await open(ACTIVITY, lasting)];
    await until(() => gateway.fanOut.followerCount === 2);
    const socket = await openSocket(gateway.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload: as(lasting) });
    await socket.next();
    socket.send({ type: 'subscribe', id: '1', payload: { query: ACTIVITY } });
    await until(() => gateway.fanOut.followerCount === 3);
    const begun = gateway.operationCount;
    await append('1');
    for (const reader of opened) await reader.until('IN_PROGRESS');
    await socket.next();
    expect(gateway.operationCount - begun).toBe(1);
    expect(gateway.reports).toHaveLength(3);
    await socket.close();
  });

  it('frees its place in every limit, however it ends', async () => {
    const cost = 5_000;
    await start({ maxSocketsPerCaller: 1, maxSubscriptionCostPerCaller: cost });
    const query = 'subscription { ingestionActivity(after: "none") { to } }';
    for (let round = 0; round < 3; round += 1) {
      const refused = await open(query, lasting);
      await refused.until('CURSOR_INVALID');
      await refused.leave();
      await untilNothingIsLeft();
      const left = await open(ACTIVITY, lasting);
      await until(() => gateway.fanOut.followerCount === 1);
      await left.leave();
      await untilNothingIsLeft();
    }
  });

  it('pauses while its client reads nothing, and then delivers everything', async () => {
    await start();
    const query = 'subscription { ingestionActivity { info request { requestId } } }';
    const reader = await open(query, lasting);
    await until(() => gateway.fanOut.followerCount === 1);
    const seen = { ...running, info: 'x'.repeat(8_000) };
    const ids = Array.from({ length: 1_000 }, (_, index) => String(index));
    for (let from = 0; from < ids.length; from += 100) {
      await Promise.all(ids.slice(from, from + 100).map((id) => append(id, seen)));
    }
    await until(() => gateway.streams.bufferedBytes > 60_000);
    expect(gateway.streams.bufferedBytes).toBeLessThan(100_000);
    const text = await reader.until('"requestId":"999"');
    expect([...text.matchAll(/"requestId":"(\d+)"/g)].map(([, id]) => id)).toEqual(ids);
  });
});

describe('an unread stream', () => {
  it('is closed at the second unread heartbeat, while one that is read stays open', async () => {
    await start();
    const query = 'subscription { ingestionActivity { info } }';
    const stalled = await openRaw(query);
    const good = await openRaw(query);
    await until(() => gateway.fanOut.followerCount === 2);
    good.resume();
    const seen = { ...running, info: 'x'.repeat(8_000) };
    for (let id = 0; gateway.streams.bufferedBytes < 60_000; id += 1)
      await append(String(id), seen);
    await until(() => gateway.streams.bufferedBytes < 80_000);
    await clock.advance(15_000);
    expect(gateway.streams.streamCount).toBe(2);
    await clock.advance(15_000);
    await until(() => gateway.streams.streamCount === 1);
    good.destroy();
    stalled.destroy();
  });

  it('accepts no more operations while much waits for its client', async () => {
    await start({ maxOperationsPerSocket: 100_000 });
    const token = await reserve();
    await append('1', { ...ended, info: 'x'.repeat(80_000) });
    const long = '{ ingestionStatus(mappingId: "crm", requestId: "1") { info } }';
    const statuses = new Set<number>();
    for (let id = 0; id < 40 && !statuses.has(429); id += 1) {
      const sent = await operate(token, operation(long, String(id)));
      statuses.add(sent.status);
    }
    expect([...statuses]).toEqual([202, 429]);
    const reader = await openShared(token);
    await reader.until('"id":"0"');
    const reading = reader.until('"id":"last"');
    await until(() => gateway.streams.bufferedBytes === 0);
    expect((await operate(token, operation('{ __typename }', 'last'))).status).toBe(202);
    await reading;
  });
});

/** A connection on which an operation was sent that is answered with events. */
async function openRaw(query: string): Promise<Socket> {
  const connection = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  const path = `/graphql/stream?query=${encodeURIComponent(query)}`;
  connection.write(
    `GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nauthorization: Bearer ${lasting.key}\r\n\r\n`,
  );
  connection.on('error', () => {});
  await once(connection, 'readable');
  return connection;
}

describe('a reserved stream', () => {
  it('expires after 30 s, and counts until then', async () => {
    await start({ maxSocketsPerCaller: 1 });
    const token = await reserve();
    const second = await fetch(url(), { method: 'PUT', headers: as(lasting) });
    expect([second.status, await second.json()]).toMatchObject([
      429,
      { errors: [{ extensions: { code: 'RATE_LIMITED' } }] },
    ]);
    await clock.advance(30_000);
    expect(gateway.streams.streamCount).toBe(0);
    expect((await fetch(`${url()}?token=${token}`, { headers: sse })).status).toBe(401);
    await reserve();
  });

  it('stays once it is opened, cannot be opened twice, and ends with its client', async () => {
    await start();
    const token = await reserve();
    const reader = await openShared(token);
    await reader.until(':\n\n');
    expect((await fetch(`${url()}?token=${token}`, { headers: sse })).status).toBe(409);
    await clock.advance(10_000);
    await clock.advance(10_000);
    await clock.advance(10_000);
    expect(gateway.streams.streamCount).toBe(1);
    await reader.leave();
    await untilNothingIsLeft();
    expect((await operate(token, operation('{ __typename }'))).status).toBe(404);
  });

  it('is unknown to another caller', async () => {
    await start();
    const token = await reserve();
    const statuses = [
      await operate(token, operation('{ __typename }'), as(other)),
      await fetch(`${url()}?token=${token}`, { headers: { ...sse, ...as(other) } }),
      await fetch(`${url()}?token=${token}&operationId=1`, {
        method: 'DELETE',
        headers: as(other),
      }),
      await operate('x'.repeat(32), operation('{ __typename }')),
      await operate(token, operation('{ __typename }'), { authorization: 'Bearer none' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 404, 404, 401]);
    const reader = await openShared(token);
    await reader.until(':\n\n');
  });

  it('ends an operation when that operation’s credentials expire or are removed', async () => {
    await start();
    const token = await reserve();
    await operate(token, operation(ACTIVITY, 'short'), as(short));
    await operate(token, operation(ACTIVITY, 'lasting'));
    const reader = await openShared(token);
    await until(() => gateway.fanOut.followerCount === 2);
    await clock.advance(MINUTE_MS);
    expect(await reader.until('complete')).toMatch(
      /"id":"short","payload":\{"errors":.*UNAUTHENTICATED/,
    );
    await until(() => gateway.fanOut.followerCount === 1);
    await append('1');
    await reader.until('"id":"lasting","payload":{"data"');
    await operate(token, operation(ACTIVITY, 'again'), as(brief));
    await until(() => gateway.fanOut.followerCount === 2);
    signIn.replaceApiKeys([toEntry('page', lasting, null)]);
    await reader.until('"id":"again","payload":{"errors"');
    expect(gateway.fanOut.followerCount).toBe(1);
  });

  it('has room for as many operations as a socket', async () => {
    await start({ maxOperationsPerSocket: 2 });
    const token = await reserve();
    const reader = await openShared(token);
    const statuses = [];
    for (const id of ['1', '2', '3']) {
      statuses.push((await operate(token, operation(ACTIVITY, id))).status);
    }
    expect(statuses).toEqual([202, 202, 429]);
    await fetch(`${url()}?token=${token}&operationId=1`, {
      method: 'DELETE',
      headers: as(lasting),
    });
    await until(() => gateway.fanOut.followerCount === 1);
    expect((await operate(token, operation(ACTIVITY, '1'))).status).toBe(202);
    await reader.leave();
  });
});

describe('an EventSource', () => {
  it('is not told that all is complete when its stream ends early, and reconnects', async () => {
    await start();
    const address = toStreamUrl(url(), ACTIVITY);
    const reader = read(await fetch(address, { headers: { ...sse, ...as(short) } }));
    await until(() => gateway.fanOut.followerCount === 1);
    await clock.advance(MINUTE_MS);
    expect(await reader.toEnd()).toMatch(
      /^:\n\n(:\n\n)*event: next\ndata: \{"errors":\[.*UNAUTHENTICATED.*\]\}\n\n$/,
    );
  });
});

describe('sockets and streams', () => {
  it('count together', async () => {
    await start({ maxSocketsPerCaller: 1 });
    const reader = read(
      await postOperation(url(), { query: ACTIVITY }, { ...sse, ...as(lasting) }),
    );
    await until(() => gateway.fanOut.followerCount === 1);
    const refused = await postOperation(url(), { query: ACTIVITY }, { ...sse, ...as(lasting) });
    expect([refused.status, await refused.json()]).toMatchObject([
      429,
      { errors: [{ message: expect.stringMatching(/WebSockets and streams over HTTP/) }] },
    ]);
    await reader.leave();
    await untilNothingIsLeft();
  });
});

describe('a draining gateway', () => {
  it('begins nothing that has arrived only in part', async () => {
    await start();
    const body = JSON.stringify({ query: ACTIVITY });
    const connection = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    connection.write(
      [
        'POST /graphql/stream HTTP/1.1',
        'host: localhost',
        'accept: text/event-stream',
        'content-type: application/json',
        `authorization: Bearer ${lasting.key}`,
        `content-length: ${body.length}`,
        '\r\n',
      ].join('\r\n') + body.slice(0, -1),
    );
    // What comes behind it on another connection was read after it.
    expect(
      (await fetch(`${gateway.url}/graphql?query={__typename}`, { headers: as(lasting) })).status,
    ).toBe(200);
    const stopped = gateway.stop();
    connection.write(body.slice(-1));
    let text = '';
    for await (const chunk of connection) text += chunk;
    expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*SHUTTING_DOWN/);
    await stopped;
  });
});

describe('a stream over HTTP', () => {
  it('1.0 has no chunks and ends with its connection', async () => {
    await start();
    const connection = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    connection.write(
      `GET /graphql/stream?query={__typename} HTTP/1.0\r\nhost: localhost\r\naccept: text/event-stream\r\nauthorization: Bearer ${lasting.key}\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of connection) text += chunk;
    const [head = '', body] = text.split('\r\n\r\n');
    expect(head).not.toMatch(/transfer-encoding/i);
    expect(body).toBe(
      ':\n\nevent: next\ndata: {"data":{"__typename":"Query"}}\n\nid: nothing-more\nevent: complete\ndata: \n\n',
    );
  });

  it('is not opened by HEAD', async () => {
    await start();
    const statuses = [];
    for (const path of ['/graphql/stream', '/graphql']) {
      const address = toStreamUrl(`${gateway.url}${path}`, ACTIVITY);
      const headers = { ...sse, ...as(lasting) };
      statuses.push((await fetch(address, { method: 'HEAD', headers })).status);
    }
    expect(statuses).toEqual([405, 405]);
    expect(gateway.streams.streamCount).toBe(0);
  });

  it('may be used fully by pages of trusted sites', async () => {
    await start();
    const origin = 'https://app.test';
    const asked = 'authorization,content-type,last-event-id,x-graphql-event-stream-token';
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const preflight = await fetch(url(), {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': asked,
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
      expect(preflight.headers.get('access-control-allow-methods')).toContain(method);
      expect(preflight.headers.get('access-control-allow-headers')).toBe(asked);
    }
    const stream = await fetch(toStreamUrl(url(), ACTIVITY), {
      headers: { origin, ...sse, ...as(lasting) },
    });
    expect(stream.headers.get('access-control-allow-origin')).toBe(origin);
    read(stream);
    const strange = await fetch(toStreamUrl(url(), ACTIVITY), {
      headers: { origin: 'https://evil.test', ...sse, ...as(lasting) },
    });
    expect(strange.headers.get('access-control-allow-origin')).toBeNull();
    read(strange);
  });
});

describe('Last-Event-ID', () => {
  it.each([
    ['garbage', 'garbage'],
    ['a number', '1'],
    ['JSON', '{"position":1}'],
    ['a letter of Latin-1', 'caf\u00e9'],
    ['very long', 'x'.repeat(10_000)],
    ['a cursor with a letter changed', 'forged'],
  ])('is refused with an event if it is %s, which stops an EventSource', async (_what, id) => {
    await start();
    await append('1');
    const cursor = gateway.log.toCursor(1);
    const sent =
      id === 'forged' ? `${cursor.slice(0, -2)}${cursor.endsWith('AA') ? 'BB' : 'AA'}` : id;
    const response = await fetch(toStreamUrl(url(), ACTIVITY), {
      headers: { ...sse, ...as(lasting), 'last-event-id': sent },
    });
    const text = await response.text();
    expect(text).toMatch(/CURSOR_INVALID.*\n\nid: nothing-more\nevent: complete\ndata: \n\n$/);
    expect(text.length).toBeLessThan(2_000);
  });

  it('overrides `after`', async () => {
    await start();
    await append('1');
    await append('2');
    const [first, second] = [gateway.log.toCursor(1), gateway.log.toCursor(2)];
    const query = `subscription { ingestionActivity(after: "${second}") { cursor } }`;
    const headers = { ...sse, ...as(lasting), 'last-event-id': first };
    const reader = read(await fetch(toStreamUrl(url(), query), { headers }));
    const text = await reader.until('"cursor"');
    expect(text).toBe(
      `:\n\nid: ${second}\nevent: next\ndata: {"data":{"ingestionActivity":{"cursor":"${second}"}}}\n\n`,
    );
  });
});
