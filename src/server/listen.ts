import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** The address cannot be listened on; the cause says why. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(
    readonly host: string,
    readonly port: number,
    cause: unknown,
  ) {
    super(`${host} cannot be listened on, port ${port}.`, { cause });
  }
}

/**
 * Listen, on a free port where that is 0.
 *
 * @returns the base URL, with no slash at its end
 * @throws {ListenError}
 */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    throw new ListenError(host, port, error);
  }
  const { port: taken } = server.server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
}
