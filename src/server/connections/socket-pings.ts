import type { Clock } from '../../ingestion/ports.js';
import { READING_MS } from './fair-timeouts.js';

/** As much of a connection as is pinged. */
export interface Pinged {
  ping(): void;
  /** Cut it. */
  terminate(): void;
}

/** Keeps connections from looking idle, and finds out which clients are gone. */
export interface SocketPings<Connection> {
  /** Something came from a client, whatever it was: it is there. */
  heard(connection: Connection): void;
  stop(): void;
}

/**
 * Ping every connection at an interval, with one timer for all. A client of which nothing was heard between one ping
 * and the next is gone.
 *
 * @param connections - those that are open at any time
 */
export function startPings<Connection extends Pinged>(
  connections: ReadonlySet<Connection>,
  clock: Clock,
  intervalMs: number,
): SocketPings<Connection> {
  const silent = new WeakSet<Connection>();
  let callOff = clock.schedule(intervalMs - READING_MS, readFirst);

  /** After a freeze the answers wait to be read, and this timer comes before them. */
  function readFirst(): void {
    callOff = clock.schedule(READING_MS, pingAll);
  }

  function pingAll(): void {
    callOff = clock.schedule(intervalMs - READING_MS, readFirst);
    for (const connection of connections) {
      if (silent.has(connection)) {
        connection.terminate();
      } else {
        silent.add(connection);
        connection.ping();
      }
    }
  }

  return {
    heard: (connection) => void silent.delete(connection),
    stop: () => callOff(),
  };
}
