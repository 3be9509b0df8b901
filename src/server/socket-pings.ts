import type { WebSocket } from 'ws';

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
export function startPings(sockets: ReadonlySet<WebSocket>): SocketPings {
  const unanswered = new WeakSet<WebSocket>();
  const timer = setInterval(() => {
    for (const socket of sockets) {
      if (unanswered.has(socket)) {
        socket.terminate();
      } else {
        unanswered.add(socket);
        socket.ping();
      }
    }
  }, PING_INTERVAL_MS);
  // No reason for the process to live: the sockets are.
  timer.unref();
  return {
    answered: (socket) => void unanswered.delete(socket),
    stop: () => clearInterval(timer),
  };
}
