import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type FeedSource, listenToFeed, readFeed, toFeedKey } from '../src/feed.js';
import { createSluiceClient, type SluiceClient } from '../src/sluice-client.js';
import { type ScriptedServer, startScriptedServer } from '../src/testing.js';

const ref = { mappingId: 'XDM44', requestId: '1' };

let server: ScriptedServer;
let client: SluiceClient;

beforeEach(async () => {
  server = await startScriptedServer();
  client = createSluiceClient({ url: server.url, maxRetryDelayMs: 10 });
});

afterEach(async () => {
  await client.dispose();
  await server.close();
});

async function until(state: string, of = client): Promise<void> {
  while (of.connection.get().state !== state) {
    await new Promise<void>((resolve) => {
      const stop = of.connection.listen(() => {
        stop();
        resolve();
      });
    });
  }
}

describe('the scripted server', () => {
  it('answers as a gateway does: starts, status, pages, nodes', async () => {
    const outcome = await client.start({ mappingId: 'XDM44', idempotencyKey: 'key' });
    expect(outcome).toMatchObject({ __typename: 'IngestionSubmitted', request: ref });
    expect(await client.start({ mappingId: 'XDM44', idempotencyKey: 'key' })).toEqual(outcome);
    expect(await client.start({ mappingId: 'XDM44' })).toMatchObject({
      __typename: 'IngestionAlreadyInProgress',
    });
    server.failNextStart({ __typename: 'MappingNotStopped', mappingId: 'A', message: 'stop it' });
    expect(await client.start({ mappingId: 'A' })).toMatchObject({ message: 'stop it' });

    server.move(ref, 'SUCCESS', { numRecords: 15 });
    const request = await client.status(ref);
    expect(request).toMatchObject({ status: 'SUCCESS', isTerminal: true, numRecords: 15 });
    server.move({ mappingId: 'TestDoc', requestId: '2' }, 'IN_PROGRESS');
    const first = await client.list({ first: 1 });
    expect(first.nodes).toMatchObject([{ mappingId: 'TestDoc' }]);
    const rest = await client.list({ after: first.pageInfo.endCursor });
    expect(rest).toMatchObject({ nodes: [ref], pageInfo: { hasNextPage: false } });
    const filter = { statuses: ['SUCCESS' as const] };
    expect((await client.list({ filter })).nodes).toMatchObject([ref]);
    const found = `query { nodes(ids: [${JSON.stringify(request?.id)}, "?"]) { ... on IngestionRequest { requestId transitions { nodes { id to } } } } }`;
    expect(await client.request(found, {})).toMatchObject({
      nodes: [
        { requestId: '1', transitions: { nodes: [{ to: 'IN_PROGRESS' }, { to: 'SUCCESS' }] } },
        null,
      ],
    });
    server.refuseNext('ingestionStatus', 'FORBIDDEN');
    await expect(client.status(ref)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await client.status(ref)).toEqual(request);
  });

  it('tells of what happens, and loses clients as a test has it', async () => {
    const other = createSluiceClient({ url: server.url, maxRetryDelayMs: 10, pingMs: 200 });
    const events = other.activity();
    const disturbances = ['drop', 'silence', 'goDown'] as const;
    for (const disturb of disturbances) {
      const next = events.next();
      await until('upToDate', other);
      server[disturb]();
      await until('reconnecting', other);
      server.move({ ...ref, requestId: disturb }, 'IN_PROGRESS');
      server.comeBack();
      expect((await next).value).toMatchObject({ request: { requestId: disturb } });
    }
    await events.return?.();
    await other.dispose();
  });
});

describe('a lost connection', () => {
  it('is made again with the token that is good then', async () => {
    let count = 0;
    const other = createSluiceClient({
      url: server.url,
      token: async () => {
        count += 1;
        return `token ${count}`;
      },
      maxRetryDelayMs: 10,
    });
    server.move(ref, 'IN_PROGRESS');
    const events = other.watch(ref);
    await events.next();
    server.drop();
    server.move(ref, 'SUCCESS');
    expect((await events.next()).value).toMatchObject({ to: 'SUCCESS' });
    expect(server.authorizations).toEqual(['Bearer token 1', 'Bearer token 2']);
    await other.dispose();
  });

  it('after which the place is gone is told of, and hides no gap', async () => {
    server.move(ref, 'IN_PROGRESS');
    const events = client.watch(ref);
    await events.next();
    server.refuseNext('ingestionStatusChanged', 'CURSOR_INVALID');
    server.drop();
    await expect(events.next()).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });
});

describe('a feed', () => {
  const source: FeedSource = { kind: 'ingestion', ref };
  const key = toFeedKey(source);
  const read = (of = key) => readFeed(client, of);
  const toStatuses = (of = key) => read(of).transitions.map(({ to }) => to);

  async function untilFeed(isReached: () => boolean, of = key): Promise<void> {
    while (!isReached()) {
      await new Promise<void>((resolve) => {
        const stop = listenToFeed(client, of, () => {
          stop();
          resolve();
        });
      });
    }
  }

  it('says since when it may be out of date', async () => {
    server.move(ref, 'IN_PROGRESS');
    const stop = listenToFeed(client, key, () => {});
    expect(read().staleSince).toBeInstanceOf(Date);
    await untilFeed(() => read().staleSince === null);
    expect(toStatuses()).toEqual(['IN_PROGRESS']);
    server.goDown();
    await untilFeed(() => read().connection.state === 'reconnecting');
    const { staleSince } = read();
    expect(staleSince).toEqual((client.connection.get() as { since?: Date }).since);
    server.comeBack();
    await untilFeed(() => read().connection.state === 'connected');
    expect(read().staleSince).toBe(staleSince);
    await untilFeed(() => read().staleSince === null);
    stop();
  });

  it('ends with the terminal transition, and keeps nothing open', async () => {
    const isChanged: string[] = [];
    server.move(ref, 'IN_PROGRESS');
    const stop = listenToFeed(client, key, () => isChanged.push(read().connection.state));
    await untilFeed(() => toStatuses().length === 1);
    server.move(ref, 'ABORTED');
    await untilFeed(() => toStatuses().length === 2);
    await until('idle');
    expect(read()).toMatchObject({ staleSince: null, error: null });
    const { length } = isChanged;
    const events = client.activity();
    const next = events.next();
    await until('upToDate');
    expect(isChanged).toHaveLength(length);
    stop();
    await events.return?.();
    await next;
  });

  it('is shared, outlives who comes back at once, and ends with the last', async () => {
    server.move(ref, 'IN_PROGRESS');
    const first = listenToFeed(client, key, () => {});
    first();
    const again = listenToFeed(client, key, () => {});
    const other = listenToFeed(client, key, () => {});
    await untilFeed(() => read().staleSince === null);
    again();
    again();
    expect(toStatuses()).toEqual(['IN_PROGRESS']);
    expect(server.authorizations).toHaveLength(1);
    other();
    await until('idle');
    expect(read()).toMatchObject({ transitions: [], connection: { state: 'idle' } });
  });

  it('keeps what came before an error', async () => {
    server.move(ref, 'IN_PROGRESS');
    const stop = listenToFeed(client, key, () => {});
    await untilFeed(() => read().staleSince === null);
    server.refuseNext('ingestionStatusChanged', 'CURSOR_INVALID');
    server.drop();
    await untilFeed(() => read().error !== null);
    expect(read()).toMatchObject({
      error: { code: 'CURSOR_INVALID' },
      transitions: [{ to: 'IN_PROGRESS' }],
      staleSince: expect.any(Date),
    });
    stop();
  });

  it('of activity keeps the newest', async () => {
    const activity = toFeedKey({ kind: 'activity', mappingIds: ['XDM44'], limit: 2 });
    const stop = listenToFeed(client, activity, () => {});
    await untilFeed(() => read(activity).staleSince === null, activity);
    server.move({ mappingId: 'TestDoc', requestId: '9' }, 'IN_PROGRESS');
    for (const to of ['IN_PROGRESS', 'ABORTED'] as const) server.move(ref, to);
    server.move({ ...ref, requestId: '2' }, 'FAILED');
    await untilFeed(() => toStatuses(activity).includes('FAILED'), activity);
    expect(toStatuses(activity)).toEqual(['ABORTED', 'FAILED']);
    stop();
  });
});
