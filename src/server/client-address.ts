import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';

/** Where a request comes from; undefined once its connection is gone. */
export type ClientAddress = (request: IncomingMessage) => string | undefined;

/**
 * @param trustedProxies - addresses and ranges of those whose word for it (X-Forwarded-For) is taken; nobody
 *   else's is, or callers could give themselves any address
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  if (trustedProxies.length === 0) return ({ socket }) => socket.remoteAddress;
  const isTrusted = proxyAddr.compile([...trustedProxies]);
  return (request) => request.socket.remoteAddress && proxyAddr(request, isTrusted);
}
