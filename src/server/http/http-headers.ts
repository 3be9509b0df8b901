import type { IncomingMessage, ServerResponse } from 'node:http';
import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';

/** How long browsers may cache whether another site's pages may call, in s. */
const PREFLIGHT_MAX_AGE_S = 600;

/** The headers that pages of other sites may read. */
const EXPOSED_HEADERS = 'retry-after';

const HSTS_MAX_AGE_S = 365 * 86_400;

/**
 * Tell browsers for every answer that pages of other sites may not embed it, and that it is not a page. The explorer,
 * which is one, sets its own headers.
 */
export function addHttpHeaders(server: FastifyInstance): Readonly<Record<string, string>> {
  const headers = toConstantHeaders();
  server.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  return headers;
}

/** They are the same for every answer, so they are built once. */
function toConstantHeaders(): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  const response: Pick<ServerResponse, 'removeHeader'> & { setHeader: unknown } = {
    setHeader(name: string, value: string) {
      headers[name.toLowerCase()] = value;
    },
    removeHeader() {},
  };
  const addHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Browsers obey this only over https. Nothing is known about subdomains.
    strictTransportSecurity: { maxAge: HSTS_MAX_AGE_S, includeSubDomains: false },
  });
  addHeaders({} as IncomingMessage, response as ServerResponse, () => {});
  return headers;
}

/** The headers with which pages of these sites, and of no others, may read an answer. */
export function createSiteHeaders(
  corsOrigins: readonly string[],
): (origin: string | undefined) => Readonly<Record<string, string>> {
  if (corsOrigins.length === 0) return () => ({});
  const allowed = new Set(corsOrigins);
  return (origin) => ({
    vary: 'Origin',
    ...(origin !== undefined &&
      allowed.has(origin) && {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': EXPOSED_HEADERS,
      }),
  });
}

/**
 * Answer browsers that ask whether pages of these sites, and of no others, may send a request.
 *
 * @param corsOrigins - such as `https://app.example.com`
 */
export async function allowSitesToCall(
  server: FastifyInstance,
  corsOrigins: readonly string[],
): Promise<void> {
  if (corsOrigins.length === 0) return;
  await server.register(fastifyCors, {
    origin: [...corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
}
