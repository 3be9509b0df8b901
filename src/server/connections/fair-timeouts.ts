import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A process that was frozen (by a signal, or with its machine) runs overdue timers before it reads what has arrived.
 * After this time it has read that, and knows who was silent.
 */
export const READING_MS = 500;

/** A check that runs this much too late means that the process was frozen. */
const FREEZE_MS = 1_000;

/**
 * Make sure that the timeouts of an HTTP server close no connection whose bytes have arrived and wait to be read.
 *
 * @param checkIntervalMs - how often the server looks for slow requests
 */
export function makeTimeoutsFair(server: Server, checkIntervalMs: number): void {
  // If there is a listener, the server leaves closing idle connections to it.
  server.on('timeout', (connection: Socket) => {
    const { bytesRead, writableLength } = connection;
    setTimeout(() => {
      const isSilent =
        connection.bytesRead === bytesRead && connection.writableLength === writableLength;
      if (isSilent) connection.destroy();
    }, READING_MS);
  });

  // The server reads both limits at each check, and closes nothing if there are none.
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
