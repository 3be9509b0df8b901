import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import proxyAddr from '@fastify/proxy-addr';
import { forwardedFor } from './forwarded.js';
import { toIpAddress } from './ip-address.js';

/** The normalised address that a request comes from; undefined once its connection is gone. */
export type ClientAddress = (request: IncomingMessage) => string | undefined;

/**
 * Believes trusted proxies, from the nearest hop on, up to the first hop that is unknown or not trusted. The client
 * is the last known hop on that path.
 *
 * @param trustedProxies - addresses and ranges of the proxies whose headers (X-Forwarded-For, Forwarded) are
 *   believed; nobody else's are, because callers could otherwise claim any address
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted =
    trustedProxies.length === 0 ? () => false : proxyAddr.compile([...trustedProxies]);
  /** Of a connection it never changes. */
  const peers = new WeakMap<Socket, string>();
  function toPeer(socket: Socket): string | undefined {
    const known = peers.get(socket);
    if (known !== undefined) return known;
    const address = toIpAddress(socket.remoteAddress ?? '');
    if (address !== undefined) peers.set(socket, address);
    return address;
  }
  return ({ socket, headers }) => {
    let address = toPeer(socket);
    if (address === undefined || !isTrusted(address, 0)) return address;
    for (const hop of forwardedFor(headers)) {
      if (hop === null) break;
      address = hop;
      if (!isTrusted(address, 0)) break;
    }
    return address;
  };
}
