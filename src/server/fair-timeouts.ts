import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A process that was frozen (by a signal, or with its machine) runs the timers that are overdue before it reads
 * what has arrived. Within so long it has read that, and knows who was silent.
 */
export const READING_MS = 500;

/** A check that comes so much later than due tells of a freeze. */
const FREEZE_MS = 1_000;

/**
 * Have the timeouts of an HTTP server cut nobody whose bytes have arrived, and wait to be read.
 *
 * @param checkIntervalMs - how often the server looks for requests that take too long
 */
export function makeTimeoutsFair(server: Server, checkIntervalMs: number): void {
  // With a listener the server leaves it to that to cut a connection that was idle for too long.
  server.on('timeout', (connection: Socket) => {
    const { bytesRead, writableLength } = connection;
    setTimeout(() => {
      const isSilent =
        connection.bytesRead === bytesRead && connection.writableLength === writableLength;
      if (isSilent) connection.destroy();
    }, READING_MS);
  });

  // The server reads both limits at each of its checks, the headers' first. Without limits a check cuts nobody;
  // the next one is a whole interval later.
  const { headersTimeout, requestTimeout } = server;
  let checkedAt = performance.now();
  let isLate = false;
  Object.defineProperty(server, 'headersTimeout', {
    get() {
      const now = performance.now();
      isLate = now - checkedAt > checkIntervalMs + FREEZE_MS;
      checkedAt = now;
      return isLate ? 0 : headersTimeout;
    },
  });
  Object.defineProperty(server, 'requestTimeout', { get: () => (isLate ? 0 : requestTimeout) });
}
