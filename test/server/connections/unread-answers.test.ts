import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { makeTimeoutsFair } from '../../../src/server/connections/fair-timeouts.js';
import {
  cutUnreadAnswers,
  type ReadingTimes,
} from '../../../src/server/connections/unread-answers.js';

const TIMEOUT_MS = 200;

/** Far more than the system buffers for a connection. */
const LARGE_BYTES = 16 * 1024 * 1024;

let server: FastifyInstance;

beforeEach(() => start({ idleMs: TIMEOUT_MS, wholeMs: 60_000 }));

async function start(times: ReadingTimes): Promise<void> {
  server = Fastify({ forceCloseConnections: true });
  makeTimeoutsFair(server.server, 30_000);
  cutUnreadAnswers(server, times);
  server.get('/large', async () => 'x'.repeat(LARGE_BYTES));
  server.get('/small', async () => 'x');
  server.get('/slow', async () => {
    await setTimeout(4 * TIMEOUT_MS);
    return 'slow';
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
}

afterEach(() => server.close());

async function ask(...paths: string[]): Promise<{ client: Socket; accepted: Socket }> {
  const connected = once(server.server, 'connection');
  const client = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  const [accepted] = await connected;
  return { client, accepted };
}

it.each([
  ['keeps its connection open', false],
  ['has half-closed its connection', true],
])('cuts a client that does not read its answer and %s', async (_what, isHalfOpen) => {
  const { client, accepted } = await ask('/large');
  if (isHalfOpen) client.end();
  await once(accepted, 'close');
  client.destroy();
});

it('does not cut a client that reads slowly', async () => {
  const { client } = await ask('/large');
  let readBytes = 0;
  for await (const chunk of client) {
    // Half of the allowed time, repeatedly.
    if (readBytes % (4 * 1024 * 1024) > (readBytes + chunk.length) % (4 * 1024 * 1024)) {
      await setTimeout(TIMEOUT_MS / 2);
    }
    readBytes += chunk.length;
    if (readBytes >= LARGE_BYTES) break;
  }
  expect(readBytes).toBeGreaterThanOrEqual(LARGE_BYTES);
});

it('does not cut a client whose next answer takes long', async () => {
  const { client } = await ask('/small', '/slow');
  let read = '';
  for await (const chunk of client) {
    read += chunk;
    if (read.endsWith('slow')) break;
  }
  expect(read).toMatch(/slow$/);
});

it('cuts a client that takes too long over the whole answer, though it reads', async () => {
  await server.close();
  await start({ idleMs: 60_000, wholeMs: TIMEOUT_MS });
  const { client, accepted } = await ask('/large');
  client.once('readable', () => client.read(1));
  await once(accepted, 'close');
  client.destroy();
});
