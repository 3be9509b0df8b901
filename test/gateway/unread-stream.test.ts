import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import { keys, running, toOperation, until, useKeyedGateway } from '../support/keyed-gateway.js';

const gateway = useKeyedGateway();
const { start, append, reserve, openShared, operate } = gateway;
const { lasting } = keys;

const ended: ReportedState = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 };

/** Send an operation that is answered with events, without reading them. */
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
    await gateway.clock.advance(15_000);
    expect(gateway.streams.streamCount).toBe(2);
    await gateway.clock.advance(15_000);
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
      const sent = await operate(token, toOperation(long, String(id)));
      statuses.add(sent.status);
    }
    expect([...statuses]).toEqual([202, 429]);
    const reader = await openShared(token);
    await reader.until('"id":"0"');
    const reading = reader.until('"id":"last"');
    await until(() => gateway.streams.bufferedBytes === 0);
    expect((await operate(token, toOperation('{ __typename }', 'last'))).status).toBe(202);
    await reading;
  });
});
