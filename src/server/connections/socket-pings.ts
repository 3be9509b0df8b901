import type { Clock } from '../../ingestion/ports.js';
import { READING_MS } from './fair-timeouts.js';

/** What is needed to ping a connection. */
export interface PingableConnection {
  ping(): void;
  /** Close it at once. */
  terminate(): void;
}

/**
 * Keep connections from looking idle, and find clients that are gone: ping every connection at an interval, with one
 * timer for all. A client that sends nothing between two pings is gone.
 *
 * @param connections - the currently open ones
 */
export function startPings<Connection extends PingableConnection>(
  connections: ReadonlySet<Connection>,
  clock: Clock,
  intervalMs: number,
) {
  const silent = new WeakSet<Connection>();
  let cancelNext = clock.schedule(intervalMs - READING_MS, readFirst);

  /** After a freeze, the answers wait to be read, and this timer runs before that. */
  function readFirst(): void {
    cancelNext = clock.schedule(READING_MS, pingAll);
  }

  function pingAll(): void {
    cancelNext = clock.schedule(intervalMs - READING_MS, readFirst);
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
    /** A client sent something, so it is there. */
    heard: (connection: Connection) => void silent.delete(connection),
    stop: () => cancelNext(),
  };
}
