import { describe, expect, it } from '@jest/globals';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { toStart, useSignedInGateway } from '../support/signed-in-gateway.js';

const gateway = useSignedInGateway([
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
]);
const { ask, bearer, open, see } = gateway;

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
    const socket = await open(limited);
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
    expect(gateway.upstream.calls.filter(({ rawPath }) => rawPath.includes('unseen'))).toEqual([]);
  });

  it('gets the same refusal whether or not it exists', async () => {
    const limited = await bearer({ mappings: ['mine*'] });
    const [known, unknown] = await Promise.all([
      ask(limited, toStart('named')),
      ask(limited, toStart('nowhere')),
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
    const authorization = await bearer({ mappings: ['place-mine'] });
    const socket = await open(authorization);
    const query = 'subscription { ingestionActivity { cursor request { mappingId } } }';
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    expect((await socket.next()).payload).toEqual({
      data: { ingestionActivity: { cursor: mine, request: { mappingId: 'place-mine' } } },
    });
    await socket.close();
  });

  it('is not delivered to a subscription that names it', async () => {
    const authorization = await bearer({ mappings: ['asked-mine'] });
    const socket = await open(authorization);
    const query = `subscription { ingestionActivity(mappingIds: ["asked-theirs", "asked-mine"]) {
      request { mappingId } } }`;
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    // Answered after the subscription has opened.
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
      // Answered after the subscription has opened.
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
