import { describe, expect, it } from '@jest/globals';
import { readMetric, untilMetric } from '../support/metrics.js';
import { openSocket, type RawSocket } from '../support/raw-socket.js';
import { expectNothingMore, useSocketGateway } from '../support/socket-gateway.js';
import { untilAskedAbout } from '../support/test-upstream.js';

const { upstream, gateway, toRunningSubscription, toHeldSubscription } = useSocketGateway();

describe('a disconnected client’s subscription', () => {
  const OPENED_COUNT =
    'sluice_operation_duration_seconds_count{transport="websocket",type="subscription",outcome="ok"}';

  it.each([
    ['completes', (socket: RawSocket) => socket.send({ type: 'complete', id: '1' })],
    ['vanishes', (socket: RawSocket) => socket.webSocket.terminate()],
    ['closes its socket', (socket: RawSocket) => socket.webSocket.close()],
  ])('is released if the client %s while it is being opened', async (_what, leave) => {
    const { query, requestId } = await toHeldSubscription();
    // The metric is missing until it has a value.
    const openedCount = (await readMetric(gateway.url, OPENED_COUNT)) || 0;
    const socket = await openSocket(gateway.url);
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    await untilAskedAbout(upstream, requestId);
    leave(socket);
    const isGone = socket.webSocket.readyState !== socket.webSocket.OPEN;
    if (isGone) await untilMetric(gateway.url, 'sluice_websockets', 0);
    else await expectNothingMore(socket);
    upstream.release();
    // Opened after its client vanished.
    await untilMetric(gateway.url, OPENED_COUNT, openedCount + 1);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    if (!isGone) await expectNothingMore(socket);
    await socket.close();
  });

  it('is released a thousand times, even if half of the sockets vanish', async () => {
    const sockets = 20;
    const subscriptions = 5;
    const query = await toRunningSubscription();
    for (let round = 0; round < 10; round += 1) {
      const opened = await Promise.all(
        Array.from({ length: sockets }, () => openSocket(gateway.url)),
      );
      for (const socket of opened) {
        for (let id = 0; id < subscriptions; id += 1) {
          socket.send({ type: 'subscribe', id: String(id), payload: { query } });
        }
      }
      await Promise.all(
        opened.flatMap((socket) => Array.from({ length: subscriptions }, () => socket.next())),
      );
      expect(await readMetric(gateway.url, 'sluice_websockets')).toBe(sockets);
      await untilMetric(gateway.url, 'sluice_stream_listeners', sockets * subscriptions);
      for (const [i, socket] of opened.entries()) {
        if (i % 2 === 0) socket.webSocket.terminate();
        else {
          for (let id = 0; id < subscriptions; id += 1) {
            socket.send({ type: 'complete', id: String(id) });
          }
          socket.webSocket.close();
        }
      }
      await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
      await untilMetric(gateway.url, 'sluice_websockets', 0);
    }
  });
});
