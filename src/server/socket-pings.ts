import type { WebSocket } from 'ws';
import type { Clock } from '../ingestion/ports.js';

/** Well below the 60 s after which proxies cut an idle connection. */
const PING_INTERVAL_MS = 20_000;

/** Keeps connections from looking idle, and finds out which clients are gone. */
export interface SocketPings {
  /** A client has answered. */
  answered(socket: WebSocket): void;
  stop(): void;
}

/**
 * Ping every socket at an interval, with one timer for all. A client that has not answered the last ping by
 * the next is gone.
 *
 * @param sockets - those that are open at any time
 */
export function startPings(sockets: ReadonlySet<WebSocket>, clock: Clock): SocketPings {
  const unanswered = new WeakSet<WebSocket>();
  let callOff = clock.schedule(PING_INTERVAL_MS, pingAll);

  function pingAll(): void {
    callOff = clock.schedule(PING_INTERVAL_MS, pingAll);
    for (const socket of sockets) {
      if (unanswered.has(socket)) {
        socket.terminate();
      } else {
        unanswered.add(socket);
        socket.ping();
      }
    }
  }

  return {
    answered: (socket) => void unanswered.delete(socket),
    stop: () => callOff(),
  };
}
