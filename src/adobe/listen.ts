import type { FastifyInstance } from 'fastify';

/** When a service stops, calls that take longer than this are cut off. */
const CLOSE_GRACE_MS = 1_000;

/** What listens. */
export type Service = 'Campaign service' | 'Platform receiver';

/** The settings of each one's address. */
export const addressSettings = {
  'Campaign service': { host: 'CAMPAIGN_SERVICE_HOST', port: 'CAMPAIGN_SERVICE_PORT' },
  'Platform receiver': { host: 'PLATFORM_RECEIVER_HOST', port: 'PLATFORM_RECEIVER_PORT' },
} as const;

/** Listening on the address failed; the cause says why. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  constructor(
    readonly service: Service,
    readonly host: string,
    readonly port: number,
    cause: unknown,
  ) {
    super(`The ${service} cannot listen on ${host}, port ${port} (${(cause as Error).message})`, {
      cause,
    });
  }
}

/**
 * Listen; port 0 picks a free one.
 *
 * @returns the base URL, without a trailing slash
 * @throws {ListenError}
 */
export async function listen(
  app: FastifyInstance,
  service: Service,
  host: string,
  port: number,
): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw new ListenError(service, host, port, error);
  }
}

/** Stop listening, and wait for calls in progress, but not for ever. */
export async function closeHttpServer(app: FastifyInstance): Promise<void> {
  const cutOff = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(cutOff);
  }
}
