import { lookup } from 'node:dns/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Listening on the address failed; the cause says why. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(
    readonly host: string,
    readonly port: number,
    cause: unknown,
  ) {
    super(`Cannot listen on ${host}, port ${port}.`, { cause });
  }
}

/**
 * Listen on a host. `localhost` has two addresses if there is IPv6.
 *
 * @param port - 0 for a free one
 * @returns the base URL, without a trailing slash
 * @throws {ListenError}
 */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    const taken = await listenOn(server, await addressesOf(host), port);
    return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
  } catch (error) {
    throw new ListenError(host, port, error);
  }
}

/**
 * Listen on several addresses at one port. All connections belong to the one server: otherwise those of the second
 * address would not be counted, and a stop would not wait for them.
 *
 * @param addresses - the first must be free; the others are used if they are
 * @returns the port
 */
export async function listenOn(
  server: FastifyInstance,
  [address, ...others]: readonly string[],
  port: number,
): Promise<number> {
  const listeners: Server[] = [];
  server.addHook('preClose', async () => {
    for (const listener of listeners) listener.close();
  });
  await server.listen({ host: address ?? '', port });
  const bound = server.server.address() as AddressInfo;
  for (const other of others) {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (connection) =>
      server.server.emit('connection', connection),
    );
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    listener.once('error', () => resolve());
    listener.listen(bound.port, other, resolve);
    await settled;
    listeners.push(listener);
  }
  return bound.port;
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (host !== 'localhost') return [host];
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}
