import type { IncomingMessage, ServerResponse } from 'node:http';
import fastifyCors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import helmet from 'helmet';

/** How long browsers need not ask again whether another site's pages may call, in s. */
const PREFLIGHT_MAX_AGE_S = 600;

/** What pages of other sites may read beside the body. */
const EXPOSED_HEADERS = ['retry-after'];

const HSTS_MAX_AGE_S = 365 * 86_400;

/**
 * What browsers are told about every answer: that pages of other sites may not show it in theirs, and that it
 * is no page itself. The explorer, which is one, says otherwise of its own.
 */
export function addHttpHeaders(server: FastifyInstance): void {
  const headers = toConstantHeaders();
  server.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
}

/** They are the same for every answer: made once. */
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
    // Read by browsers over https only. Of hosts below this one nothing is known.
    strictTransportSecurity: { maxAge: HSTS_MAX_AGE_S, includeSubDomains: false },
  });
  addHeaders({} as IncomingMessage, response as ServerResponse, () => {});
  return headers;
}

/** The same for answers that are given before the server has come to the rest, such as to a URL that is none. */
export function letSitesRead(
  corsOrigins: readonly string[],
): (request: FastifyRequest, reply: FastifyReply) => void {
  const allowed = new Set(corsOrigins);
  return ({ headers: { origin } }, reply) => {
    if (allowed.size === 0) return;
    reply.header('vary', 'Origin');
    if (origin === undefined || !allowed.has(origin)) return;
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', EXPOSED_HEADERS.join(', '));
  };
}

/**
 * Tell browsers that pages of these sites may read the answers. Of all others they may not.
 *
 * @param corsOrigins - such as `https://app.example.com`
 */
export async function letSitesCall(
  server: FastifyInstance,
  corsOrigins: readonly string[],
): Promise<void> {
  if (corsOrigins.length === 0) return;
  await server.register(fastifyCors, {
    origin: [...corsOrigins],
    methods: ['GET', 'POST', 'PUT', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
}
