import type { FastifyInstance } from 'fastify';

/** A call that is not over by then is cut off when a service stops. */
const CLOSE_GRACE_MS = 1_000;

/** What listens. */
export type Service = 'Campaign service' | 'Platform receiver';

/** The settings that each has its address from. */
export const addressSettings = {
  'Campaign service': { host: 'CAMPAIGN_SERVICE_HOST', port: 'CAMPAIGN_SERVICE_PORT' },
  'Platform receiver': { host: 'PLATFORM_RECEIVER_HOST', port: 'PLATFORM_RECEIVER_PORT' },
} as const;

/** The address cannot be listened on; the cause says why. */
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
 * Listen, on a free port where that is 0.
 *
 * @returns the base URL, with no slash at its end
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

/** Stop listening, and wait for the calls under way, but not for ever. */
export async function closeHttpServer(app: FastifyInstance): Promise<void> {
  const cutOff = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(cutOff);
  }
}
