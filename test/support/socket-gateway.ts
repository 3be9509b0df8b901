import { afterEach, expect } from '@jest/globals';
import { untilMetric } from './metrics.js';
import type { RawSocket } from './raw-socket.js';
import { shareGateway } from './shared-gateway.js';
import type { TestGateway } from './test-gateway.js';
import { oddMappings, type TestUpstream } from './test-upstream.js';

/** A subscription to a request. */
export const toSubscription = (mappingId: string, requestId: string) =>
  `subscription Changed {
    ingestionStatusChanged(mappingId: "${mappingId}", requestId: "${requestId}") { to } }`;

/** Once this is answered, everything sent before it has been handled. */
export async function expectNothingMore(socket: RawSocket): Promise<void> {
  socket.send({ type: 'ping', payload: { sentinel: true } });
  expect(await socket.next()).toEqual({ type: 'pong', payload: { sentinel: true } });
}

/** A gateway that tests send messages over sockets. */
export interface SocketGateway {
  readonly upstream: TestUpstream;
  readonly gateway: TestGateway;
  /** A subscription to a running request that the gateway does not know. */
  toRunningSubscription(): Promise<string>;
  /** A subscription that opens only when the upstream is told to answer. */
  toHeldSubscription(): Promise<{ readonly query: string; readonly requestId: string }>;
}

/** One gateway for all tests of the file that calls this, each of which leaves no socket behind. */
export function useSocketGateway(): SocketGateway {
  const { upstream, gateway } = shareGateway();

  /** End all runs, so that the next test starts a new request. */
  afterEach(async () => {
    await upstream.finish();
    await untilMetric(gateway.url, 'sluice_websockets', 0);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
  });

  return {
    upstream,
    gateway,
    toRunningSubscription: async () =>
      toSubscription('XDM44', await upstream.startElsewhere('XDM44')),
    async toHeldSubscription() {
      upstream.hold();
      const requestId = await upstream.startElsewhere(oddMappings.held);
      return { query: toSubscription(oddMappings.held, requestId), requestId };
    },
  };
}
