import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { makeTimeoutsFair } from '../../../src/server/connections/fair-timeouts.js';

const CHECK_INTERVAL_MS = 250;
const TIMEOUT_MS = 200;

let server: Server;

beforeEach(async () => {
  server = createServer(
    {
      headersTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      keepAliveTimeout: TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    (_request, response) => response.end('answer'),
  );
  makeTimeoutsFair(server, CHECK_INTERVAL_MS);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function open(): Promise<Socket> {
  const accepted = once(server, 'connection');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await Promise.all([accepted, once(client, 'connect')]);
  return client;
}

/** The request was sent, and waits to be read. */
const send = (client: Socket, sent: string) =>
  new Promise<void>((resolve) => client.write(sent, () => resolve()));

/** Like SIGSTOP: no timer runs, and nothing is read, not even what the system received meanwhile. */
function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

it('answers a request that arrived during a freeze, though its time has passed', async () => {
  const client = await open();
  await send(client, request);
  freeze(TIMEOUT_MS + 1_500);
  expect(await text(client)).toMatch(/^HTTP\/1\.1 200 /);
});

it('answers a request over a kept connection that idled for too long in a freeze', async () => {
  const client = await open();
  client.write(request.replace('close', 'keep-alive'));
  await once(client, 'data');
  await send(client, request);
  freeze(TIMEOUT_MS + 1_500);
  expect(await text(client)).toMatch(/^HTTP\/1\.1 200 /);
});

it.each([
  ['sends nothing', ''],
  ['sends half a request', 'GET / HTTP/1.1\r\n'],
])('still cuts a client that %s', async (_what, said) => {
  const client = await open();
  client.write(said);
  await once(client.resume(), 'close');
});

it('cuts a kept connection that stays idle', async () => {
  const client = await open();
  client.write(request.replace('close', 'keep-alive'));
  await once(client.resume(), 'close');
});
