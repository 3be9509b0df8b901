import { describe, expect, it } from '@jest/globals';
import { askSocket } from '../support/raw-socket.js';
import { toStart, useSignedInGateway } from '../support/signed-in-gateway.js';

const gateway = useSignedInGateway(['named']);
const { ask, bearer, open, fullKey, oldKey } = gateway;

const startCount = () =>
  gateway.upstream.calls.filter(({ operation }) => operation === 'start').length;

describe('a caller’s name', () => {
  it('is in `startedBy`, and separates idempotency keys', async () => {
    const startAs = async (authorization: string) => {
      const { data } = await ask(authorization, toStart('named', 'k'));
      return data.startIngestion.request;
    };
    const ofCi = await startAs(await bearer());
    expect(ofCi.startedBy).toBe('ci');
    await gateway.upstream.finish();
    const ofOther = await startAs(await bearer({ name: 'other' }));
    expect(ofOther.startedBy).toBe('other');
    expect(ofOther.requestId).not.toBe(ofCi.requestId);
    // Two keys and a token with one name belong to one caller.
    const before = startCount();
    for (const again of [await bearer(), `Bearer ${fullKey}`, `Bearer ${oldKey}`]) {
      expect(await startAs(again)).toMatchObject({ requestId: ofCi.requestId, startedBy: 'ci' });
    }
    expect(startCount()).toBe(before);
    const listed = await ask(
      `Bearer ${fullKey}`,
      '{ ingestionRequests(filter: { startedBy: "other" }) { nodes { requestId } } }',
    );
    expect(listed.data.ingestionRequests.nodes).toEqual([{ requestId: ofOther.requestId }]);
  });

  it('filters what is in the log and what follows by who started it', async () => {
    await gateway.upstream.finish();
    const asked = '{ latestCursor }';
    const after = (await ask(`Bearer ${fullKey}`, asked)).data.latestCursor;
    const startAs = async (name: string) => {
      const { data } = await ask(await bearer({ name }), toStart('named'));
      await gateway.upstream.finish();
      return data.startIngestion.request.requestId;
    };
    const known = await startAs('ann');
    await startAs('ben');
    const socket = await open(await bearer());
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
    const logged = await bearer({ name: 'logged' });
    const shown = [logged, `Bearer ${oldKey}x`, 'Bearer planted-x'];
    for (const authorization of shown) await ask(authorization, 'query Logged { __typename }');
    const socket = await open(logged);
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
