import { describe, expect, it } from '@jest/globals';
import {
  ACTIVITY,
  as,
  keys,
  MINUTE_MS,
  toEntry,
  toOperation,
  until,
  useKeyedGateway,
} from '../support/keyed-gateway.js';
import { sse } from '../support/stream-reader.js';

const gateway = useKeyedGateway();
const { start, append, reserve, openShared, operate, untilNothingIsLeft } = gateway;
const { lasting, brief, short, other } = keys;

describe('a reserved stream', () => {
  it('expires after 30 s, and counts until then', async () => {
    await start({ maxSocketsPerCaller: 1 });
    const token = await reserve();
    const second = await fetch(gateway.streamUrl, { method: 'PUT', headers: as(lasting) });
    expect([second.status, await second.json()]).toMatchObject([
      429,
      { errors: [{ extensions: { code: 'RATE_LIMITED' } }] },
    ]);
    await gateway.clock.advance(30_000);
    expect(gateway.streams.streamCount).toBe(0);
    expect((await fetch(`${gateway.streamUrl}?token=${token}`, { headers: sse })).status).toBe(401);
    await reserve();
  });

  it('stays once it is opened, cannot be opened twice, and ends with its client', async () => {
    await start();
    const token = await reserve();
    const reader = await openShared(token);
    await reader.until(':\n\n');
    expect((await fetch(`${gateway.streamUrl}?token=${token}`, { headers: sse })).status).toBe(409);
    await gateway.clock.advance(10_000);
    await gateway.clock.advance(10_000);
    await gateway.clock.advance(10_000);
    expect(gateway.streams.streamCount).toBe(1);
    await reader.leave();
    await untilNothingIsLeft();
    expect((await operate(token, toOperation('{ __typename }'))).status).toBe(404);
  });

  it('is unknown to another caller', async () => {
    await start();
    const token = await reserve();
    const statuses = [
      await operate(token, toOperation('{ __typename }'), as(other)),
      await fetch(`${gateway.streamUrl}?token=${token}`, { headers: { ...sse, ...as(other) } }),
      await fetch(`${gateway.streamUrl}?token=${token}&operationId=1`, {
        method: 'DELETE',
        headers: as(other),
      }),
      await operate('x'.repeat(32), toOperation('{ __typename }')),
      await operate(token, toOperation('{ __typename }'), { authorization: 'Bearer none' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 404, 404, 401]);
    const reader = await openShared(token);
    await reader.until(':\n\n');
  });

  it('ends an operation when that operation’s credentials expire or are removed', async () => {
    await start();
    const token = await reserve();
    await operate(token, toOperation(ACTIVITY, 'short'), as(short));
    await operate(token, toOperation(ACTIVITY, 'lasting'));
    const reader = await openShared(token);
    await until(() => gateway.fanOut.followerCount === 2);
    await gateway.clock.advance(MINUTE_MS);
    expect(await reader.until('complete')).toMatch(
      /"id":"short","payload":\{"errors":.*UNAUTHENTICATED/,
    );
    await until(() => gateway.fanOut.followerCount === 1);
    await append('1');
    await reader.until('"id":"lasting","payload":{"data"');
    await operate(token, toOperation(ACTIVITY, 'again'), as(brief));
    await until(() => gateway.fanOut.followerCount === 2);
    gateway.signIn.replaceApiKeys([toEntry('page', lasting, null)]);
    await reader.until('"id":"again","payload":{"errors"');
    expect(gateway.fanOut.followerCount).toBe(1);
  });

  it('has room for as many operations as a socket', async () => {
    await start({ maxOperationsPerSocket: 2 });
    const token = await reserve();
    const reader = await openShared(token);
    const statuses = [];
    for (const id of ['1', '2', '3']) {
      statuses.push((await operate(token, toOperation(ACTIVITY, id))).status);
    }
    expect(statuses).toEqual([202, 202, 429]);
    await fetch(`${gateway.streamUrl}?token=${token}&operationId=1`, {
      method: 'DELETE',
      headers: as(lasting),
    });
    await until(() => gateway.fanOut.followerCount === 1);
    expect((await operate(token, toOperation(ACTIVITY, '1'))).status).toBe(202);
    await reader.leave();
  });
});
