import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import {
  ACTIVITY,
  as,
  keys,
  MINUTE_MS,
  running,
  toEntry,
  toOperation,
  until,
  useKeyedGateway,
} from '../support/keyed-gateway.js';
import { openSocket } from '../support/raw-socket.js';
import {
  multipart,
  postOperation,
  type StreamReader,
  sse,
  toStreamUrl,
} from '../support/stream-reader.js';

const gateway = useKeyedGateway();
const { start, append, read, reserve, openShared, operate, untilNothingIsLeft } = gateway;
const { lasting, short, other } = keys;

/** The ways to receive a subscription over HTTP. */
const ways: [string, (query: string, key: { key: string }) => Promise<StreamReader>][] = [
  [
    'events of its own',
    async (query, key) =>
      read(await postOperation(gateway.streamUrl, { query }, { ...sse, ...as(key) })),
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
      expect((await operate(token, toOperation(query), as(key))).status).toBe(202);
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
    await gateway.clock.advance(MINUTE_MS);
    expect(await reader.toEnd()).toMatch(/IN_PROGRESS[\s\S]*"code":"UNAUTHENTICATED"/);
    await untilNothingIsLeft();
  });

  it('ends with UNAUTHENTICATED once its key is removed', async () => {
    await start();
    const reader = await open(ACTIVITY, lasting);
    await until(() => gateway.fanOut.followerCount === 1);
    gateway.signIn.replaceApiKeys([toEntry('other', other, null)]);
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

describe('an EventSource', () => {
  it('is not told that all is complete when its stream ends early, and reconnects', async () => {
    await start();
    const address = toStreamUrl(gateway.streamUrl, ACTIVITY);
    const reader = read(await fetch(address, { headers: { ...sse, ...as(short) } }));
    await until(() => gateway.fanOut.followerCount === 1);
    await gateway.clock.advance(MINUTE_MS);
    expect(await reader.toEnd()).toMatch(
      /^:\n\n(:\n\n)*event: next\ndata: \{"errors":\[.*UNAUTHENTICATED.*\]\}\n\n$/,
    );
  });
});

describe('sockets and streams', () => {
  it('count together', async () => {
    await start({ maxSocketsPerCaller: 1 });
    const reader = read(
      await postOperation(gateway.streamUrl, { query: ACTIVITY }, { ...sse, ...as(lasting) }),
    );
    await until(() => gateway.fanOut.followerCount === 1);
    const refused = await postOperation(
      gateway.streamUrl,
      { query: ACTIVITY },
      { ...sse, ...as(lasting) },
    );
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
    // The gateway has read the part above before this request of another connection.
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
