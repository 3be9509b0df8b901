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

  // The server reads both limits at each of its checks, and cuts nobody where there are none.
  const { headersTimeout, requestTimeout } = server;
  let checkedAt = performance.now();
  let readUntil = checkedAt;
  function isReading(): boolean {
    const now = performance.now();
    if (now - checkedAt > checkIntervalMs + FREEZE_MS) readUntil = now + READING_MS;
    checkedAt = now;
    return now < readUntil;
  }
  Object.defineProperties(server, {
    headersTimeout: { get: () => (isReading() ? 0 : headersTimeout) },
    requestTimeout: { get: () => (isReading() ? 0 : requestTimeout) },
  });
}
