import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';
import { forwardedFor } from './forwarded.js';
import { toIpAddress } from './ip-address.js';

/** Where a request comes from, in one way of writing it; undefined once its connection is gone. */
export type ClientAddress = (request: IncomingMessage) => string | undefined;

/**
 * The word of trusted proxies is taken, from the nearest hop on, up to the first hop that is not one of them or
 * that nobody names: then the nearest that is known is the client.
 *
 * @param trustedProxies - addresses and ranges of those whose word for it (X-Forwarded-For, Forwarded) is
 *   taken; nobody else's is, or callers could give themselves any address
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted =
    trustedProxies.length === 0 ? () => false : proxyAddr.compile([...trustedProxies]);
  return ({ socket, headers }) => {
    let address = toIpAddress(socket.remoteAddress ?? '');
    if (address === undefined || !isTrusted(address, 0)) return address;
    for (const hop of forwardedFor(headers)) {
      if (hop === null) break;
      address = hop;
      if (!isTrusted(address, 0)) break;
    }
    return address;
  };
}
