import type { Duplex } from 'node:stream';
import { afterEach, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type HttpProxy, passUpgrade, startHttpProxy } from '../../../test/support/http-proxy.js';
import { shareGateway } from '../../../test/support/shared-gateway.js';
import type { Connection } from '../src/connection.js';
import { createSluiceClient, type SluiceClient } from '../src/sluice-client.js';

const mappingId = 'XDM44';

const { upstream, gateway } = shareGateway(undefined, [mappingId]);
let proxy: HttpProxy;
let client: SluiceClient;

afterEach(async () => {
  await client.dispose();
  await proxy.close();
  await upstream.finish();
});

async function open(
  onUpgrade: Parameters<typeof startHttpProxy>[1],
  webSocketImpl: unknown,
): Promise<void> {
  proxy = await startHttpProxy(gateway.url, onUpgrade);
  const url = `${proxy.url}/graphql`;
  client = createSluiceClient({ url, maxRetryDelayMs: 10, pingMs: 300, webSocketImpl });
}

async function until(state: Connection['state']): Promise<void> {
  while (client.connection.get().state !== state) {
    const changed = Promise.withResolvers<void>();
    const stop = client.connection.listen(changed.resolve);
    await changed.promise;
    stop();
  }
}

const refuse = (status: string) => (socket: Duplex) =>
  void socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);

it.each<[string, (socket: Duplex) => void, unknown]>([
  ['refuses WebSockets with 400', refuse('400 Bad Request'), undefined],
  ['refuses WebSockets with 403', refuse('403 Forbidden'), undefined],
  ['refuses the WebSockets of ws', refuse('403 Forbidden'), WebSocket],
  ['answers plain HTTP', refuse('200 OK'), undefined],
  ['cuts them', (socket) => socket.destroy(), undefined],
  ['never answers them', () => {}, undefined],
  ['never answers the WebSockets of ws', () => {}, WebSocket],
])('a proxy that %s costs nothing', async (_name, onUpgrade, webSocketImpl) => {
  await open(onUpgrade, webSocketImpl);
  const events = client.activity({ mappingIds: [mappingId] });
  await until('upToDate');
  expect(client.transport.get()).toBe('sse');
  proxy.cut();
  const outcome = await client.start({ mappingId });
  if (outcome.__typename !== 'IngestionSubmitted') throw new Error(outcome.__typename);
  const { requestId } = outcome.request;
  const next = async () => {
    const { value } = await events.next();
    return [value?.request.requestId, value?.to];
  };
  expect(await next()).toEqual([requestId, 'IN_PROGRESS']);
  await until('upToDate');
  proxy.cut();
  await until('reconnecting');
  await upstream.finish();
  expect(await next()).toEqual([requestId, 'SUCCESS']);
  expect(client.transport.get()).toBe('sse');
  const path: string[] = [];
  for await (const { to } of client.watch(outcome.request)) path.push(to);
  expect(path).toEqual(['IN_PROGRESS', 'SUCCESS']);
  await events.return?.();
});

it('a gateway that is away for a while is reached over a WebSocket when it is back', async () => {
  let failures = 0;
  const pass = passUpgrade(gateway.url);
  const { promise: isTried, resolve } = Promise.withResolvers<void>();
  await open((socket, request) => {
    if (proxy.isUp) pass(socket, request);
    else socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    failures += proxy.isUp ? 0 : 1;
    if (failures === 4) resolve();
  }, undefined);
  proxy.isUp = false;
  const events = client.activity({ mappingIds: [mappingId] });
  await isTried;
  proxy.isUp = true;
  await until('upToDate');
  expect(client.transport.get()).toBe('websocket');
  await events.return?.();
});
