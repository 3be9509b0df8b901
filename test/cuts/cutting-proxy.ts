import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** How a connection goes wrong. */
export const CUTS = ['fin', 'rst', 'torn', 'silent', 'deaf', 'mute', 'pause'] as const;

/**
 * - `fin`: both sides are told, properly.
 * - `rst`: both sides are told by a reset.
 * - `torn`: the client gets half of the next bytes, then the end.
 * - `silent`: nothing gets through any more, and nobody is told.
 * - `deaf`: only the client no longer hears the gateway.
 * - `mute`: only the gateway no longer hears the client.
 * - `pause`: nothing gets through for a while; then everything does.
 */
export type Cut = (typeof CUTS)[number];

/** Stands between clients and gateways, and cuts connections. */
export interface CuttingProxy {
  /** Without a path. */
  readonly url: string;
  /** Cut a connection that has been used. False if there is none. */
  cutOne(cut: Cut, random: () => number): boolean;
  close(): Promise<void>;
}

/** After this time the gateway is told of the end of a connection, in ms. */
const UNANNOUNCED_CACHE_MS = 3_000;

interface Pipe {
  readonly client: Socket;
  readonly gateway: Socket;
  cut: Cut | null;
  isUsed: boolean;
}

/**
 * Start one on a free port.
 *
 * @param findTarget - where a new connection goes; it is reset if that is null
 * @param pauseMs - how long a `pause` lasts
 */
export async function startCuttingProxy(
  findTarget: () => string | null,
  pauseMs: () => number,
): Promise<CuttingProxy> {
  const pipes = new Set<Pipe>();
  const server = createServer((client) => {
    client.on('error', () => {});
    const target = findTarget();
    if (target === null) {
      client.resetAndDestroy();
      return;
    }
    const { hostname, port } = new URL(target);
    const gateway = connect(Number(port), hostname);
    const pipe: Pipe = { client, gateway, cut: null, isUsed: false };
    pipes.add(pipe);
    gateway.on('error', () => {});
    client.on('data', (data) => {
      if (pipe.cut !== 'silent' && pipe.cut !== 'mute') gateway.write(data);
    });
    gateway.on('data', (data) => {
      pipe.isUsed = true;
      if (pipe.cut === 'silent' || pipe.cut === 'deaf') return;
      if (pipe.cut === 'torn') {
        client.end(data.subarray(0, data.length / 2));
        gateway.resetAndDestroy();
        return;
      }
      client.write(data);
    });
    client.on('close', () => {
      pipes.delete(pipe);
      gateway.end();
    });
    gateway.on('close', () => {
      if (!isUntold(pipe.cut)) client.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  function apply(cut: Cut, { client, gateway }: Pipe): void {
    switch (cut) {
      case 'fin':
        client.end();
        gateway.end();
        return;
      case 'rst':
        client.resetAndDestroy();
        gateway.resetAndDestroy();
        return;
      case 'pause':
        client.pause();
        gateway.pause();
        setTimeout(() => {
          client.resume();
          gateway.resume();
        }, pauseMs());
        return;
      case 'silent':
      case 'deaf':
      case 'mute':
        // Only the client has to find out by itself: the gateway would count these against its limits for too long.
        setTimeout(() => gateway.destroy(), UNANNOUNCED_CACHE_MS);
        return;
      case 'torn':
        return;
    }
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutOne(cut, random) {
      const whole = [...pipes].filter((pipe) => pipe.cut === null && pipe.isUsed);
      const pipe = whole[Math.floor(random() * whole.length)];
      if (!pipe) return false;
      pipe.cut = cut;
      apply(cut, pipe);
      // It may be cut again.
      if (cut === 'pause') setTimeout(() => (pipe.cut = null), pauseMs());
      return true;
    },
    async close() {
      for (const { client, gateway } of pipes) {
        client.destroy();
        gateway.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}

/** Whether the client is not told of the end. */
function isUntold(cut: Cut | null): boolean {
  return cut === 'silent' || cut === 'deaf' || cut === 'mute';
}
