import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { toAddressKey } from './caller-key.js';
import type { ClientAddress } from './client-address.js';
import type { Refusal } from './refusal.js';
import type { RefusalReporter } from './refusal-log.js';

/** How long a refused client has to read the reason and close its side. */
const LINGER_MS = 1_000;

/**
 * Responds with an error in GraphQL's form, also if the request was not GraphQL.
 *
 * @param err - what exactly was wrong, only for the operator
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
 * Send a refusal on a bare connection, and close it.
 *
 * The HTTP server has handed the connection over, and lets clients keep their side open for as long as they like, so
 * it ends only if it is cut. Further bytes of the client are read and dropped, because cutting a connection with
 * unread bytes loses the response too.
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

/** What a client gets for a refusal. */
export function toErrorBody({ code, message, retryAfterMs }: Refusal): object {
  const extensions = { code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return { errors: [{ message, extensions }] };
}
