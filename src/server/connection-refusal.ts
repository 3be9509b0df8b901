import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { toErrorBody } from './http-refusal.js';
import type { Refusal } from './refusal.js';

/** So long a client that was refused may take to read why and to close its side. */
const LINGER_MS = 1_000;

/**
 * Answer on a bare connection with a refusal, and let go of it.
 *
 * The HTTP server has handed the connection over, and lets clients keep their side of one open for as long as
 * they like: it ends only if it is cut. What the client still sends is read and dropped, because a connection
 * that is cut with bytes unread loses the answer too.
 */
export function refuseConnection(connection: Duplex, refusal: Refusal): void {
  const { status } = refusal;
  const body = JSON.stringify(toErrorBody(refusal));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    ...(status === 405 ? ['Allow: GET, POST'] : []),
    'Cache-Control: no-store',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  connection.resume();
  const cut = setTimeout(() => connection.destroy(), LINGER_MS);
  connection.once('close', () => clearTimeout(cut));
}
