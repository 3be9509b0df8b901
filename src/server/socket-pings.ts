import type { WebSocket } from 'ws';
import type { Clock } from '../ingestion/ports.js';
import { READING_MS } from './fair-timeouts.js';

/** Well below the 60 s after which proxies cut an idle connection. */
const PING_INTERVAL_MS = 20_000;

/** Keeps connections from looking idle, and finds out which clients are gone. */
export interface SocketPings {
  /** Something came from a client, whatever it was: it is there. */
  heard(socket: WebSocket): void;
  stop(): void;
}

/**
 * Ping every socket at an interval, with one timer for all. A client of which nothing was heard between one ping
 * and the next is gone.
 *
 * @param sockets - those that are open at any time
 */
export function startPings(sockets: ReadonlySet<WebSocket>, clock: Clock): SocketPings {
  const silent = new WeakSet<WebSocket>();
  let callOff = clock.schedule(PING_INTERVAL_MS - READING_MS, readFirst);

  /** After a freeze the answers wait to be read, and this timer comes before them. */
  function readFirst(): void {
    callOff = clock.schedule(READING_MS, pingAll);
  }

  function pingAll(): void {
    callOff = clock.schedule(PING_INTERVAL_MS - READING_MS, readFirst);
    for (const socket of sockets) {
      if (silent.has(socket)) {
        socket.terminate();
      } else {
        silent.add(socket);
        socket.ping();
      }
    }
  }

  return {
    heard: (socket) => void silent.delete(socket),
    stop: () => callOff(),
  };
}
