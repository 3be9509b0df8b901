import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Why a connection is not upgraded to a WebSocket. */
export interface UpgradeRefusal {
  /** Of HTTP. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** So long a client that was refused may take to read why and to close its side. */
const LINGER_MS = 1_000;

/**
 * Answer a request to upgrade with a refusal, and let go of its connection.
 *
 * The HTTP server has handed the connection over, and lets clients keep their side of one open for as long as
 * they like: it ends only if it is cut. What the client still sends is read and dropped, because a connection
 * that is cut with bytes unread loses the answer too.
 */
export function refuseUpgrade(connection: Duplex, { status, code, message }: UpgradeRefusal): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  connection.resume();
  const cut = setTimeout(() => connection.destroy(), LINGER_MS);
  connection.once('close', () => clearTimeout(cut));
}
