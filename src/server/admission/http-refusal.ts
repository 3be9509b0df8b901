import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { toAddressKey } from './caller-key.js';
import type { ClientAddress } from './client-address.js';
import type { Refusal } from './refusal.js';
import type { RefusalReporter } from './refusal-log.js';

/** So long a client that was refused may take to read why and to close its side. */
const LINGER_MS = 1_000;

/**
 * Answers with an error in the form of GraphQL's, also where no GraphQL was asked.
 *
 * @param err - what exactly was wrong, for the operator alone
 */
export type Refuse = (reply: FastifyReply, refusal: Refusal, err?: unknown) => FastifyReply;

/** Refuse HTTP requests, and report each. */
export function createRefuse(report: RefusalReporter, addressOf: ClientAddress): Refuse {
  return (reply, refusal, err) => {
    const { status, retryAfterMs } = refusal;
    const { raw } = reply.request;
    report({
      transport: 'http',
      ...refusal,
      err,
      request: raw,
      from: toAddressKey(addressOf(raw)),
    });
    if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1_000));
    return reply.code(status).send(toErrorBody(refusal));
  };
}

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

/** What a client is told of a refusal. */
export function toErrorBody({ code, message, retryAfterMs }: Refusal): object {
  const extensions = { code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return { errors: [{ message, extensions }] };
}
